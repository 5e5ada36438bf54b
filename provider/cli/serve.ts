import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces, hostname as systemHostname } from "node:os";
import { join } from "node:path";
import { AUTHORITY_CERTIFICATE_FILE } from "../appliance/certificates/authority.ts";
import { CertificateError } from "../appliance/certificates/errors.ts";
import { givenCertificate } from "../appliance/certificates/given.ts";
import { ownCertificate } from "../appliance/certificates/own.ts";
import { ApplianceError } from "../appliance/errors.ts";
import { hasAppliance } from "../appliance/local/database.ts";
import { openLocal } from "../appliance/local/local.ts";
import { thisProcess } from "../appliance/local/process-identity.ts";
import { systemTimezone } from "../appliance/schedules/next-runs.ts";
import type { AnsweredCall } from "../appliance/server/api.ts";
import { ListenError, listen } from "../appliance/server/listen.ts";
import { localNames } from "../appliance/server/local-names.ts";
import { startServer } from "../appliance/server/server.ts";
import { successionTerms } from "../appliance/server/succession-terms.ts";
import { keepUpdates } from "../appliance/update-source/keep.ts";
import { keepSchedules } from "./schedules.ts";
import { UsageError } from "./session.ts";
import { requireFile } from "./text-file.ts";

export interface ServeOptions {
  /** The data folder of the appliance: its database, packages and certificates; made where there is none. */
  readonly folder: string;
  /** What to listen on: `0.0.0.0` for all addresses. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The host name that agents are told. Default: this machine's. */
  readonly name?: string | undefined;
  /** PEM file of a certificate, with its chain; with `key`. Default: one of the appliance's own authority. */
  readonly certificate?: string | undefined;
  /** PEM file of the certificate's private key. */
  readonly key?: string | undefined;
  /** PEM file of the authority that the next certificate will come from; with `certificate`. */
  readonly nextAuthority?: string | undefined;
  /** How many days before its end the appliance's own authority gets a successor. Default: 365. */
  readonly renewAuthority?: number | undefined;
  /** Ends the server gracefully. */
  readonly signal: AbortSignal;
  /** Gets one line at a time, without secrets. */
  readonly log: (line: string) => void;
  /** Told of every call of the API once it is answered. */
  readonly onCall?: ((call: AnsweredCall) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called once it serves. */
  readonly onListening?: (at: { readonly name: string; readonly port: number }) => void;
}

/**
 * Runs the server of a local appliance until it is told to stop: what `kace serve` does.
 * @throws ApplianceError with what to do about it: the port is taken, a certificate cannot be used, another server of this
 *   appliance runs, or took this one's place while it stood still, the store cannot be used
 * @example await serveAppliance({ folder, host: "0.0.0.0", port: 8443, signal, log: console.error, now: Date.now });
 */
export async function serveAppliance(options: ServeOptions): Promise<void> {
  const { folder, host, log, now, signal } = options;
  const name = options.name ?? systemHostname();
  const { certificate: certificateFile, key: keyFile, nextAuthority: nextAuthorityFile } = options;
  if (nextAuthorityFile !== undefined && certificateFile === undefined) {
    throw new UsageError(
      "the next authority is given for a certificate of your own, and none is given",
      "the server's own authority gets its successor by `kace authority renew`, or by itself near its end",
    );
  }
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError(
      "a certificate needs its key, and a key its certificate",
      "give both files, or neither: the server then makes its own",
    );
  }
  if (certificateFile !== undefined) await requireFile(certificateFile, "--certificate");
  if (keyFile !== undefined) await requireFile(keyFile, "--key");
  if (nextAuthorityFile !== undefined) await requireFile(nextAuthorityFile, "--next-authority");
  const given =
    certificateFile !== undefined && keyFile !== undefined
      ? () => givenCertificate({ certificateFile, keyFile, nextAuthorityFile, name, now: now() })
      : undefined;
  if (!hasAppliance(folder)) await requireUsable(given, host);
  const appliance = await openLocal({ folder, who: "kace serve", now });
  const say = onChange(log);
  const obtain =
    given ??
    (async () =>
      ownCertificate({
        folder: join(folder, "certificates"),
        names: localNames({ name, host, hostname: systemHostname(), interfaces: networkInterfaces() }),
        now: now(),
        terms: await successionTerms(appliance, { renewBeforeDays: options.renewAuthority, log: say }),
      }));
  try {
    const server = await startServer({
      appliance,
      actingAs: (caller) => appliance.actingAs(caller),
      host,
      port: options.port,
      name,
      certificate: obtain,
      process: thisProcess(),
      now,
      monotonicMs: () => performance.now(),
      log,
      ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    });
    log(`serving agents and clients at https://${name}:${server.port}`);
    if (certificateFile === undefined) {
      log(`clients trust it by the authority in ${join(folder, "certificates", AUTHORITY_CERTIFICATE_FILE)}`);
    }
    options.onListening?.({ name, port: server.port });
    const schedules = keepSchedules(appliance, { now, log });
    const updates = await keepUpdates(appliance, { now, timezone: systemTimezone(), log });
    const told = signal.aborted ? undefined : once(signal, "abort").then(() => undefined);
    const superseded = await Promise.race([told, server.superseded]);
    if (superseded !== undefined) log(superseded.message);
    log("stopping: no scheduled run begins; one that goes on ends with the machines in work");
    // These may still have to connect to the server to be done.
    await Promise.all([schedules.stop(), updates.stop()]);
    log("no new calls; those in flight may finish");
    await server.stop();
    log("stopped");
    if (superseded !== undefined) throw superseded;
  } catch (error) {
    throw asApplianceError(error, certificateFile === undefined ? "corrupt" : "invalid");
  } finally {
    await appliance.close();
  }
}

/** What cannot be served with is refused before an appliance is made for it. @throws ApplianceError */
async function requireUsable(given: (() => Promise<unknown>) | undefined, host: string): Promise<void> {
  const trial = createServer();
  try {
    await given?.();
    await listen(trial, { host, port: 0 });
    trial.close();
    await once(trial, "close");
  } catch (error) {
    throw asApplianceError(error, "invalid");
  }
}

/** What is said again at every look is said once. */
function onChange(log: (line: string) => void): (line: string) => void {
  let last: string | undefined;
  return (line) => {
    if (line !== last) log(line);
    last = line;
  };
}

/** @param ofCertificate whose fault a certificate is: the appliance's own is no word of whoever starts the server */
function asApplianceError(error: unknown, ofCertificate: "corrupt" | "invalid"): unknown {
  if (error instanceof CertificateError) {
    return new ApplianceError({ code: ofCertificate, message: error.message, hint: error.hint, cause: error });
  }
  if (error instanceof ListenError) {
    const code = error.code === "port-taken" ? "conflict" : "invalid";
    return new ApplianceError({ code, message: error.message, hint: error.hint, cause: error });
  }
  return error;
}
