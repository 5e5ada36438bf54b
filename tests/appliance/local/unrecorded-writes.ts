import { device } from "../devices.ts";
import { begun, connected, type Play, script } from "./write-plays.ts";

/** A write that leaves no entry in the history, why, and how it is done. */
interface Unrecorded {
  readonly because: string;
  readonly play: Play;
}

/** Every write that the history does not have; whoever adds one says why nobody will ask who did it. */
export const WITHOUT_AN_ENTRY = {
  settleToken: {
    because: "acknowledges a token that was made just before, and that is an entry",
    play: async (of) => {
      const { id } = await of.createToken({ name: "berlin" });
      return () => of.settleToken({ id });
    },
  },
  renewLease: {
    because: "a heartbeat of a run, whose beginning and end are entries",
    play: async (of) => {
      const { runId } = await begun(of);
      return () => of.renewLease({ runId, progress: { inFlight: 1, absent: 0 } });
    },
  },
  recordOutcomes: {
    because: "what came of the machines of a run is kept with the run, whose end is an entry that counts them",
    play: async (of) => {
      const { runId } = await begun(of);
      const outcome = { machine: "web1", target: "web1", action: "install", message: "", durationMs: 1 };
      return () => of.recordOutcomes({ runId, outcomes: [{ ...outcome, class: "succeeded", code: "installed" }] });
    },
  },
  deviceConnected: {
    because: "agents come and go: the device says since when it is connected",
    play: async (of) => {
      const kuid = await connected(of);
      return () => of.deviceConnected({ kuid, connectionId: "connection-2", instanceId: "instance-1" });
    },
  },
  deviceDisconnected: {
    because: "agents come and go: the device says when it was last seen",
    play: async (of) => {
      const kuid = await connected(of);
      return () => of.deviceDisconnected({ kuid, connectionId: "connection-1" });
    },
  },
  recordInventory: {
    because: "a regular report of an agent, kept with its device",
    play: async (of) => {
      const kuid = await connected(of);
      const { hostname, os, agentVersion, addresses, macs } = device(1);
      const inventory = { hostname, os, agentVersion, addresses, macs, collectedAt: "2027-03-01T10:00:00Z" };
      return () => of.recordInventory({ kuid, inventory: JSON.stringify(inventory) });
    },
  },
  recordKeyConflict: {
    because: "an agent that was turned away, which changes nothing; it is kept in a list of its own",
    play: async (of) => {
      const kuid = await connected(of);
      const { hostname, machineId, addresses } = device(1);
      const { publicKey } = device(2);
      return () => of.recordKeyConflict({ kuid, publicKey, hostname, machineId, addresses });
    },
  },
  recordTrust: {
    because: "a report of an agent, kept with its device",
    play: async (of) => {
      const kuid = await connected(of);
      return () => of.recordTrust({ kuid, trusts: ["a".repeat(64)] });
    },
  },
  recordScripts: {
    because: "a regular report of an agent about scripts whose order is an entry",
    play: async (of) => {
      const kuid = await connected(of);
      return () => of.recordScripts({ kuid, held: "0".repeat(64), look: true });
    },
  },
  recordMessages: {
    because: "what became of a message is kept with it, and its order is an entry",
    play: async (of) => {
      const kuid = await connected(of);
      await of.sendMessage({ kuids: [kuid], type: "check-in" });
      const [message] = (await of.listMessages({})).messages;
      return () => of.recordMessages({ messages: [{ id: message?.id ?? "", kuid, status: "sent" }] });
    },
  },
  recordTasks: {
    because: "what became of a task is kept with it, and its order is an entry",
    play: async (of) => {
      const kuid = await connected(of);
      const { tasks } = await of.queueTasks(script);
      return () => of.recordTasks({ tasks: [{ id: tasks[0]?.id ?? "", kuid, status: "completed" }] });
    },
  },
  giveUpTasks: {
    because: "a clock's work: that the time of a task is over is kept with it, and its order is an entry",
    play: async (of) => {
      await connected(of);
      await of.queueTasks({ ...script, expiresInSeconds: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      return () => of.giveUpTasks({});
    },
  },
  recordApiTokenUse: {
    because: "a call by an API token: what it changes is an entry, and the token says when it was last used",
    play: async (of) => {
      const { id } = await of.createApiToken({ name: "ci" });
      return () => of.recordApiTokenUse({ id });
    },
  },
} as const satisfies Readonly<Record<string, Unrecorded>>;
