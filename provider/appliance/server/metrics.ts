import type { Output } from "../appliance.ts";

type Labels = Readonly<Record<string, string>>;

/** One metric with its values. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** What happened since the server started. */
export class Metrics {
  readonly #calls = new Map<string, { labels: Labels; count: number }>();
  readonly #limited = new Map<string, number>();

  /** @param result `ok`, or the code of the error that was answered */
  countCall(operation: string, result: string): void {
    const key = `${operation} ${result}`;
    const known = this.#calls.get(key);
    if (known === undefined) this.#calls.set(key, { labels: { operation, result }, count: 1 });
    else known.count += 1;
  }

  /** @param what `call`, `log-in` or `hello` */
  countLimited(what: string): void {
    this.#limited.set(what, (this.#limited.get(what) ?? 0) + 1);
  }

  /** All metrics of now, in the text form that Prometheus reads. */
  text(now: {
    readonly version: string;
    readonly startedAtSeconds: number;
    readonly connectedAgents: number;
    readonly statistics: Output<"getStatistics">;
  }): string {
    const { devices, runs } = now.statistics;
    return textOf([
      gauge("kace_server_info", "The server that answers, by its version.", [[{ version: now.version }, 1]]),
      gauge("kace_server_start_time_seconds", "When the server started, since 1970.", [[{}, now.startedAtSeconds]]),
      gauge("kace_connected_agents", "Agents that are connected to this server.", [[{}, now.connectedAgents]]),
      gauge(
        "kace_devices",
        "Devices by organization and state.",
        devices.map(({ organization, state, count }) => [{ organization, state }, count]),
      ),
      gauge(
        "kace_runs",
        "Runs of provisioning configurations that are still known, by organization and state.",
        runs.map(({ organization, state, count }) => [{ organization, state }, count]),
      ),
      counter(
        "kace_api_calls_total",
        "Calls of the API by operation and result.",
        [...this.#calls.values()].map(({ labels, count }) => [labels, count]),
      ),
      counter(
        "kace_rate_limited_total",
        "What was refused because it came too often.",
        [...this.#limited].map(([what, count]) => [{ what }, count]),
      ),
    ]);
  }
}

type Sample = readonly [labels: Labels, value: number];

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", samples: samples.map(([labels, value]) => ({ labels, value })) };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples: samples.map(([labels, value]) => ({ labels, value })) };
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text format, version 0.0.4) */
function textOf(families: readonly Family[]): string {
  return families
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ labels, value }) => `${name}${labelsOf(labels)} ${value}`),
    ])
    .concat("")
    .join("\n");
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
