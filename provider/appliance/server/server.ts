import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import type { Appliance, Caller } from "../appliance.ts";
import type { ServerIdentity } from "../certificates/identity.ts";
import { keepCertificate } from "../certificates/keep.ts";
import { ApplianceError } from "../errors.ts";
import { PRODUCT_VERSION } from "../http.ts";
import type { ProcessIdentity } from "../operations/fields.ts";
import type { ServerStatus } from "../operations/server.ts";
import type { AgentContext } from "./agent-connection.ts";
import { takeAgents } from "./agent-endpoint.ts";
import { announcementOf } from "./announcement.ts";
import { type AnsweredCall, createApi } from "./api.ts";
import { CLOSED_GOING_AWAY, ConnectedAgents } from "./connected-agents.ts";
import { Courier } from "./courier.ts";
import { Greeting } from "./greeting.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { ListenError, listen } from "./listen.ts";
import { LogIn } from "./log-in.ts";
import { Metrics } from "./metrics.ts";
import { Notices } from "./notices.ts";
import { RateLimiter } from "./rate.ts";
import { type Repeated, repeat } from "./repeat.ts";
import { SettingsWatch } from "./settings-watch.ts";
import { StandingWatch } from "./standing-watch.ts";
import { TaskDispatcher } from "./task-dispatcher.ts";
import { UpdateRunner } from "./update-runner.ts";

export interface ServerOptions {
  /** A local one: this server's own store. It stays the caller's to close, after the server has stopped. */
  readonly appliance: Appliance;
  /** The same store on behalf of somebody else. */
  readonly actingAs: (caller: Caller) => Appliance;
  /** What to listen on: an address or a name of this machine, or `0.0.0.0`. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The host name that agents are told. */
  readonly name: string;
  /** Gives the certificate to use now; asked again regularly. */
  readonly certificate: () => Promise<ServerIdentity>;
  readonly process: ProcessIdentity;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonicMs: () => number;
  readonly limits?: Partial<ServerLimits>;
  /** Told of every call of the API once it is answered. */
  readonly onCall?: (call: AnsweredCall) => void;
  readonly log: (line: string) => void;
}

/** Said with every certificate, since a new one takes the place of all that was said with the one before. */
const ENCRYPTION = { minVersion: "TLSv1.2" } as const satisfies SecureContextOptions;

/** A server that runs. */
export interface RunningServer {
  readonly port: number;
  readonly identity: () => ServerIdentity;
  readonly connectedAgents: () => number;
  /** Asks agents that are connected here for their inventory; says how many were asked. */
  readonly checkIn: (kuids: readonly string[]) => number;
  /** Resolves, with why, once another server of this appliance has taken its place: then it is to be stopped. */
  readonly superseded: Promise<ApplianceError>;
  /** Takes no more, lets calls in flight finish, tells agents, and ends. May be called twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the server of an appliance: the API and the agents' WebSocket on one HTTPS port.
 * @throws ListenError, CertificateError, and ApplianceError `conflict` while another server of this store runs
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { appliance, log, monotonicMs } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const instanceId = randomUUID();
  const agents = new ConnectedAgents();
  const settings = new SettingsWatch(appliance, agents);
  const courier = new Courier(appliance, agents, instanceId);
  const dispatcher = new TaskDispatcher(appliance, agents, instanceId);
  const updates = new UpdateRunner({ store: appliance, agents, monotonicMs, log });
  const greeting = new Greeting(limits.greeting, monotonicMs);
  const sockets = new Set<Socket>();
  let stopping: Promise<void> | undefined;
  let publishing: Repeated | undefined;
  let dispatching: Repeated | undefined;
  let wish: ServerStatus["authorityWish"];

  const kept = await keepCertificate({
    obtain: options.certificate,
    everyMs: limits.certificateEveryMs,
    onChange: (identity) => {
      if (identity.certificate !== served) {
        https.setSecureContext({ ...ENCRYPTION, cert: identity.certificate, key: identity.key });
        const until = new Date(identity.expiresAt).toISOString();
        log(`the certificate is a new one, valid until ${until}, for ${identity.names.join(", ")}`);
      }
      served = identity.certificate;
      announcement = announcementOf(identity);
      for (const agent of agents.all()) agent.tellAuthorities(announcement);
      publishing?.now();
    },
    onTrouble: (error) => log(`the certificate in use stays: ${messageOf(error)}`),
  });

  let served = kept.current().certificate;
  let announcement = announcementOf(kept.current());

  const metrics = new Metrics();
  const notices = new Notices(log, monotonicMs);
  const startedAtSeconds = options.now() / 1_000;
  const hellos = new RateLimiter(limits.hellosPerAddress, monotonicMs);
  const api = createApi({
    actingAs: options.actingAs,
    logIn: new LogIn({
      appliance,
      failures: new RateLimiter(limits.failedLogInsPerAddress, monotonicMs),
      calls: new RateLimiter(limits.callsPerToken, monotonicMs),
      nowMs: monotonicMs,
      onLimited: (what) => metrics.countLimited(what),
      onStranger: (address, why) =>
        notices.say("calls of the API refused", `refused a call of the API from ${address}: ${why}`),
      log,
    }),
    metrics: async () =>
      metrics.text({
        version: PRODUCT_VERSION,
        startedAtSeconds,
        connectedAgents: agents.size,
        statistics: await appliance.getStatistics({}),
      }),
    onCall: (call) => {
      metrics.countCall(call.operation, call.result);
      options.onCall?.(call);
    },
    bodyBytes: limits.bodyBytes,
    trouble: () => troubleOf(publishing?.trouble()),
    onAuthenticated: (request) => greeting.greeted(request.socket),
    log,
  });
  const { certificate, key } = kept.current();
  const answer = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  const https = createServer(
    {
      cert: certificate,
      key,
      ...ENCRYPTION,
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.handshakeMs,
      connectionsCheckingInterval: 2_000,
      // Uploads of packages over slow lines take their time; who may upload has shown a token.
      requestTimeout: 30 * 60_000,
      keepAliveTimeout: 60_000,
    },
    answer,
  );
  // Who asks before sending a body hears of the API whether to.
  https.on("checkContinue", answer);
  https.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    greeting.add(socket);
  });
  // A failed handshake concerns nobody else, and whoever scans the port must not fill the log.
  https.on("tlsClientError", (_error, socket) => socket.destroy());

  const agentContext: AgentContext = {
    store: appliance,
    agents,
    instanceId,
    helloMs: limits.helloMs,
    heartbeatSeconds: limits.heartbeatSeconds,
    canonicalHost: options.name,
    settings,
    announcement: () => announcement,
    now: options.now,
    monotonicMs,
    onTaskDue: () => dispatching?.now(),
    log,
    notices,
    isStopping: () => stopping !== undefined,
  };
  takeAgents(https, agentContext, {
    onAccepted: (socket) => greeting.greeted(socket),
    waitOf: (address) => {
      const waitMs = hellos.take(address);
      if (waitMs > 0) metrics.countLimited("hello");
      return waitMs;
    },
  });

  let port: number;
  try {
    await settings.look();
    port = await listen(https, options);
  } catch (error) {
    kept.stop();
    throw (await alreadyRunning(error, appliance)) ?? error;
  }
  const publish = () => {
    const identity = kept.current();
    return appliance.publishServer({
      instanceId,
      name: options.name,
      port,
      ...(announcement.certificates.length > 0 && { caCertificate: bundleOf(announcement.certificates) }),
      authorities: [...announcement.authorities],
      ...(identity.switchOverAt !== undefined && { switchOverAt: new Date(identity.switchOverAt).toISOString() }),
      makesAuthorities: identity.ownAuthority,
      canonicalNames: [...identity.names],
      version: PRODUCT_VERSION,
      process: options.process,
    });
  };
  const watch = await (async () => {
    try {
      await publish();
      return await StandingWatch.from(appliance, agents);
    } catch (error) {
      kept.stop();
      https.close();
      for (const socket of sockets) socket.destroy();
      throw error;
    }
  })();
  const superseded = Promise.withResolvers<ApplianceError>();
  publishing = repeat({
    what: "saying that this server runs",
    everyMs: limits.publishEveryMs,
    work: async () => {
      try {
        await publish();
      } catch (error) {
        if (error instanceof ApplianceError && error.code === "conflict") superseded.resolve(placeTaken(error));
        throw error;
      }
    },
    log,
  });
  const watching = repeat({
    what: "looking for approvals, settings and messages",
    everyMs: limits.changesEveryMs,
    work: async () => {
      await watch.look();
      await settings.look();
      await courier.look();
      await lookForWish();
    },
    log,
  });
  dispatching = repeat({
    what: "giving tasks to agents",
    everyMs: limits.changesEveryMs,
    work: () => dispatcher.look(),
    log,
  });
  const updating = repeat({
    what: "doing what update policies want",
    everyMs: limits.changesEveryMs,
    work: () => updates.look(),
    log,
  });
  const sweeping = repeat({
    what: "dropping silent connections",
    everyMs: 1_000,
    work: async () => {
      greeting.sweep();
      notices.sweep();
      agents.dropSilent(monotonicMs(), 3 * limits.heartbeatSeconds * 1_000);
    },
    log,
  });

  /** Does at once what the server is asked to do with its authorities; what fails is tried again at the next regular look. */
  async function lookForWish(): Promise<void> {
    const { authorityWish } = await appliance.serverStatus({});
    const isNew = authorityWish !== undefined && authorityWish !== wish;
    wish = authorityWish;
    if (isNew) await kept.check();
  }

  async function stop(): Promise<void> {
    kept.stop();
    const ended = once(https, "close");
    https.close();
    agents.closeAll(CLOSED_GOING_AWAY, "the server stops");
    await Promise.all([publishing?.stop(), watching.stop(), dispatching?.stop(), updating.stop()]);
    await withdraw();
    // Connections that finish their call become idle one by one; those that never said who they are have no call.
    const closing = setInterval(() => {
      https.closeIdleConnections();
      greeting.endAll();
    }, 50);
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, limits.stopMs);
    await ended;
    clearInterval(closing);
    clearTimeout(deadline);
    await sweeping.stop();
    notices.end();
  }
  async function withdraw(): Promise<void> {
    try {
      await appliance.withdrawServer({ instanceId });
    } catch (error) {
      log(`that this server stopped was not recorded: ${messageOf(error)}`);
    }
  }

  return {
    port,
    identity: () => kept.current(),
    connectedAgents: () => agents.size,
    checkIn: (kuids) => {
      const here = kuids.flatMap((kuid) => agents.get(kuid) ?? []);
      for (const agent of here) agent.checkIn();
      return here.length;
    },
    superseded: superseded.promise,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** A port that is taken may be taken by the server of this very store, which says more. */
async function alreadyRunning(error: unknown, appliance: Appliance): Promise<ApplianceError | undefined> {
  if (!(error instanceof ListenError && error.code === "port-taken")) return undefined;
  const { running, name, port, process } = await appliance.serverStatus({});
  if (!running) return undefined;
  return new ApplianceError({
    code: "conflict",
    message: `a server of this appliance runs already, as ${name}:${port} (process ${process?.pid})`,
    hint: "stop that one first, or give this one another folder",
    cause: error,
  });
}

/** Nothing was heard of this server for a while, so that another one could begin: two would undo what the other does. */
function placeTaken(cause: ApplianceError): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: `another server took this one's place while it stood still: ${cause.message}`,
    hint: "that one goes on; to have this one again, stop that one first",
    cause,
  });
}

/** Why a server is not well that cannot say that it runs: without what an error may tell of its machine, since everybody may ask. */
function troubleOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const code = error instanceof ApplianceError ? error.code : "unavailable";
  return `the server cannot write to its database (${code}): its log says why`;
}

/** PEM texts as one. */
function bundleOf(certificates: readonly string[]): string {
  return certificates.map((certificate) => `${certificate.trimEnd()}\n`).join("");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
