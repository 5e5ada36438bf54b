import { randomBytes, randomUUID } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import type { Input, OperationMethods } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import { AcceptedAgent } from "./accepted-agent.ts";
import type { AgentMachine } from "./agent-machine.ts";
import { type Announcement, mustBeTold, trustText } from "./announcement.ts";
import { CLOSED_FORGOTTEN, type ConnectedAgents } from "./connected-agents.ts";
import { AGENT_PROTOCOL, type Hello, type InventoryMessage, parseAgentMessage, settingsOnWire } from "./messages.ts";
import { enrolmentNotice, type Notices } from "./notices.ts";
import { packagePart } from "./package-delivery.ts";
import type { RefusalCode, ServerMessage } from "./server-messages.ts";
import type { SettingsWatch } from "./settings-watch.ts";
import { isSignedHello } from "./signature.ts";

/** What every connection of agents needs. */
export interface AgentContext {
  readonly store: Pick<
    OperationMethods,
    | "enrolDevice"
    | "recordKeyConflict"
    | "deviceDisconnected"
    | "recordInventory"
    | "recordMessages"
    | "recordTasks"
    | "readTaskPackage"
    | "recordTrust"
    | "recordScripts"
  >;
  readonly agents: ConnectedAgents;
  /** Of this start of the server. */
  readonly instanceId: string;
  readonly helloMs: number;
  readonly heartbeatSeconds: number;
  /** What the server calls itself. */
  readonly canonicalHost: string;
  readonly settings: Pick<SettingsWatch, "of" | "throughput">;
  /** Whom agents are to trust now. */
  readonly announcement: () => Announcement;
  /** Milliseconds since 1970: only shown, never compared. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Called when a task may be due, such as one after one that has ended, so that it need not wait for the next look. */
  readonly onTaskDue: () => void;
  readonly log: (line: string) => void;
  readonly notices: Pick<Notices, "say">;
  /** True once the server stops: what ends then is recorded at once for all. */
  readonly isStopping: () => boolean;
}

const CLOSED_UNSUPPORTED = 1003;
const CLOSED_POLICY = 1008;
const CLOSED_TRY_LATER = 1013;

/** An agent that takes nothing of what it is told is not waited for. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/**
 * Leads one connection of an agent from the challenge to its end. Frames are answered one after the other; while one is
 * worked on, one more at most is read. Whatever the agent says, the worst that happens is the end of its own connection.
 * @param host the `Host` header it came with
 * @param onAccepted called once its hello was good
 */
export function serveAgent(
  socket: WebSocket,
  context: AgentContext,
  { host, address, onAccepted }: { readonly host: string; readonly address: string; readonly onAccepted: () => void },
): void {
  const nonce = randomBytes(32).toString("base64url");
  let agent: AcceptedAgent | undefined;
  let work = Promise.resolve();
  let unanswered = 0;

  const helloTimer = setTimeout(() => refuse("protocol", "no hello came in time"), context.helloMs);

  socket.on("message", (data, isBinary) => {
    agent?.heard();
    // One more may come meanwhile: most agents wait for their answer, and need not be held up.
    unanswered += 1;
    if (unanswered > 1) socket.pause();
    work = work
      .then(() => (isBinary ? socket.close(CLOSED_UNSUPPORTED, "text frames only") : answer(textOf(data))))
      .catch((error: unknown) => {
        context.log(`an agent from ${address}: ${error instanceof Error ? error.message : String(error)}`);
        socket.close(CLOSED_TRY_LATER, "try again later");
      })
      .finally(() => {
        unanswered -= 1;
        if (socket.isPaused && unanswered < 2) socket.resume();
      });
  });
  // Frames that are too large or broken: the socket closes itself, with the code for it.
  socket.on("error", (error) => context.log(`an agent from ${address}: ${error.message}`));
  socket.on("close", () => {
    clearTimeout(helloTimer);
    work = work.then(() => forget());
  });
  send({ type: "challenge", nonce, serverTime: new Date(context.now()).toISOString() });

  async function answer(text: string): Promise<void> {
    if (socket.readyState !== socket.OPEN) return;
    const parsed = parseAgentMessage(text);
    if (parsed.kind === "malformed") return refuse("malformed", parsed.problem);
    if (agent === undefined) {
      if (parsed.kind === "ignored" || parsed.message.type !== "hello")
        return refuse("protocol", "a hello comes first");
      return accept(parsed.message);
    }
    if (parsed.kind === "ignored") return;
    switch (parsed.message.type) {
      case "hello":
        return refuse("protocol", "there was a hello already");
      case "heartbeat":
        return send({ type: "heartbeat", serverTime: new Date(context.now()).toISOString() });
      case "inventory":
        return keepInventory(agent, parsed.message);
      case "check-in":
        // What an agent could not keep, it is told again.
        agent.tellAuthorities(context.announcement());
        return agent.tellSettings(context.settings.of(agent.organization), parsed.message.settingsRevision);
      case "message-status": {
        const { type: _type, ...said } = parsed.message;
        await context.store.recordMessages({ messages: [{ ...said, kuid: agent.kuid }] });
        return;
      }
      case "task-status": {
        const { type: _type, ...said } = parsed.message;
        await context.store.recordTasks({ tasks: [{ ...said, kuid: agent.kuid }] });
        if (said.status === "started") return;
        send({ type: "task-status-received", id: said.id });
        return context.onTaskDue();
      }
      case "scripts": {
        const { type: _type, ...said } = parsed.message;
        const { current } = await context.store.recordScripts({ kuid: agent.kuid, ...said });
        if (!current && said.look) context.onTaskDue();
        return;
      }
      case "trust":
        return keepTrust(agent, parsed.message);
      case "package-request": {
        const { type: _type, ...wanted } = parsed.message;
        if (agent.standing.state !== "approved") return;
        return send(await packagePart(context.store, { kuid: agent.kuid, ...wanted }));
      }
    }
  }

  async function accept({ type: _type, protocol, signature, can, trusts, ...hello }: Hello): Promise<void> {
    if (protocol !== AGENT_PROTOCOL) {
      return refuse("protocol", `this server speaks version ${AGENT_PROTOCOL} of the protocol, not ${protocol}`);
    }
    if (!(await isSignedHello({ publicKey: hello.publicKey, signature, nonce, kuid: hello.kuid, host }))) {
      return refuse("bad-signature", `the hello is not signed by its key for ${host}`);
    }
    const connectionId = randomUUID();
    const enrolment = await enrol({
      ...hello,
      connection: { connectionId, instanceId: context.instanceId, can, trusts },
    });
    if (enrolment === undefined) return;
    const { state, reason, organization } = enrolment;
    clearTimeout(helloTimer);
    const { kuid, hostname, machineId, addresses, macs } = hello;
    const of = { kuid, organization, connectionId, machine: { hostname, machineId, addresses, macs } };
    const accepted = new AcceptedAgent(of, socket, send, context.monotonicMs, { state, reason });
    agent = accepted;
    accepted.trusts = trustOf(trusts);
    const other = context.agents.add(accepted);
    const isCopy = other !== undefined && accepted.takesTurnsWith(other);
    // It may have gone while it enrolled: the end of its connection takes it out again.
    if (socket.readyState !== socket.OPEN) return;
    onAccepted();
    const settings = context.settings.of(organization);
    const announcement = context.announcement();
    send({
      type: "welcome",
      ...accepted.standing,
      organization,
      canonicalHost: context.canonicalHost,
      heartbeatSeconds: context.heartbeatSeconds,
      runIntervalSeconds: settings.settings.runIntervalSeconds,
      settings: settingsOnWire(settings),
      ...(mustBeTold(accepted.trusts, announcement) && { authorities: announcement.certificates }),
      serverTime: new Date(context.now()).toISOString(),
    });
    accepted.toldRevision = settings.revision;
    accepted.welcomed = true;
    if (isCopy) await reportCopy(hello, other.machine);
  }

  async function enrol(hello: Input<"enrolDevice">) {
    try {
      const enrolment = await context.store.enrolDevice(hello);
      const notice = enrolmentNotice(hello, enrolment, address);
      if (notice !== undefined) context.notices.say(notice.kind, notice.line);
      if (enrolment.forgotten !== undefined)
        context.log(
          `the quarantine is full: forgot the ${enrolment.forgotten} oldest devices that nobody decided about and that are not connected`,
        );
      return enrolment;
    } catch (error) {
      if (!(error instanceof ApplianceError && error.code === "conflict")) throw error;
      dismiss("key-mismatch", "this device is known with another key");
      await report(hello);
      return undefined;
    }
  }

  /** Keeps that a device came with the KUID of another, for whoever looks into the quarantine. */
  async function report({ kuid, publicKey, hostname, machineId, addresses }: Input<"enrolDevice">): Promise<void> {
    const conflict = await context.store.recordKeyConflict({ kuid, publicKey, hostname, machineId, addresses });
    if (!conflict.isNew) return;
    const what =
      conflict.sameMachine === true
        ? "it was set up anew: forget the device"
        : "if its machine was copied, give the copy an identity of its own";
    context.log(
      `${hostname} (${address}) came as device ${kuid}, which is ${conflict.knownHostname}, with another key; ${what}`,
    );
  }

  /** Keeps that two machines are connected as one device, with one key. */
  async function reportCopy(
    { kuid, publicKey, hostname }: Pick<Hello, "kuid" | "publicKey" | "hostname">,
    { macs: _macs, ...other }: AgentMachine,
  ): Promise<void> {
    const addresses = [...other.addresses];
    const conflict = await context.store.recordKeyConflict({ kuid, publicKey, ...other, addresses, copied: true });
    if (!conflict.isNew) return;
    context.log(
      `${hostname} (${address}) and ${other.hostname} (${addresses.join(", ")}) take turns as device ${kuid}: its machine was copied with its agent; give the copy an identity of its own`,
    );
  }

  // What waits for the disk holds nothing of the inventory: of hundreds that wait, all would outlive a collection.
  async function keepInventory(of: AcceptedAgent, { text: inventory }: InventoryMessage): Promise<void> {
    // Whoever is not approved may wait here, but nothing more is kept of it.
    if (of.standing.state !== "approved") return;
    const { kuid } = of;
    return answerInventory(
      of,
      context.settings.throughput.pass(() => context.store.recordInventory({ kuid, inventory })),
    );
  }

  async function answerInventory(of: AcceptedAgent, kept: Promise<unknown>): Promise<void> {
    try {
      await kept;
    } catch (error) {
      if (!(error instanceof ApplianceError)) throw error;
      // Blocked or forgotten by another process a moment ago: the next look tells the agent.
      if (error.code === "permission-denied") return;
      if (error.code === "invalid") return refuse("malformed", error.message);
      if (error.code === "not-found") return of.close(CLOSED_FORGOTTEN, "forgotten");
      throw error;
    }
    send({ type: "inventory-received" });
    of.tellSettings(context.settings.of(of.organization));
  }

  async function keepTrust(
    of: AcceptedAgent,
    { trusts, note }: { readonly trusts: readonly string[]; readonly note?: string | undefined },
  ): Promise<void> {
    of.trusts = trustOf(trusts);
    await context.store.recordTrust({ kuid: of.kuid, trusts: [...trusts] });
    if (note !== undefined) context.log(`device ${of.kuid} could not take up the announced authorities: ${note}`);
  }

  /** Most agents trust what is announced: they share its text. */
  function trustOf(trusts: readonly string[] | undefined): string | undefined {
    const { text } = context.announcement();
    const said = trusts === undefined ? undefined : trustText(trusts);
    return said === text ? text : said;
  }

  async function forget(): Promise<void> {
    if (agent === undefined || !context.agents.remove(agent) || context.isStopping()) return;
    try {
      await context.store.deviceDisconnected({ kuid: agent.kuid, connectionId: agent.connectionId });
    } catch (error) {
      context.log(
        `the end of a connection was not recorded: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  function refuse(code: RefusalCode, message: string): void {
    const who = agent === undefined ? "an agent" : `the agent of ${agent.machine.hostname}`;
    context.notices.say("agents refused", `refused ${who} from ${address}: ${message}`);
    dismiss(code, message);
  }

  function dismiss(code: RefusalCode, message: string): void {
    send({ type: "refused", code, message });
    socket.close(CLOSED_POLICY, code);
  }

  function send(message: ServerMessage): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate();
    else socket.send(JSON.stringify(message));
  }
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString("utf8");
  return Array.isArray(data) ? Buffer.concat(data).toString("utf8") : Buffer.from(data).toString("utf8");
}
