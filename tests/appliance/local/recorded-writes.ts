import type { OperationName, Operations } from "../../../provider/appliance/operations/table.ts";
import { device } from "../devices.ts";
import type { WITHOUT_AN_ENTRY } from "./unrecorded-writes.ts";
import {
  authority,
  begun,
  bundled,
  CANARY,
  call,
  connected,
  decide,
  download,
  type Play,
  packed,
  pin,
  published,
  SUMMARY,
  scheduled,
  script,
} from "./write-plays.ts";

/** An operation that writes, by its name. */
export type WriteName = {
  [Name in OperationName]: Operations[Name]["access"] extends "write" ? Name : never;
}[OperationName];

/** Every other write, done so that it leaves an entry: the compiler sees that none is in neither list. */
export const RECORDED: Readonly<Record<Exclude<WriteName, keyof typeof WITHOUT_AN_ENTRY> | "putPackage", Play>> = {
  createToken: call((of) => of.createToken({ name: "berlin", value: CANARY.padEnd(54, "x") })),
  updateToken: async (of) => {
    const { id } = await of.createToken({ name: "berlin" });
    return () => of.updateToken({ id, useLimit: 9 });
  },
  rotateToken: async (of) => {
    const { id } = await of.createToken({ name: "berlin" });
    return () => of.rotateToken({ id, value: CANARY.padEnd(54, "x") });
  },
  deleteToken: async (of) => {
    const { id } = await of.createToken({ name: "berlin", value: CANARY.padEnd(54, "x") });
    return () => of.deleteToken({ id });
  },
  putPackage: call(packed),
  saveBundle: async (of) => {
    const bundle = await packed(of);
    return () => of.saveBundle(bundle);
  },
  deleteBundle: async (of) => {
    const { id } = await bundled(of);
    return () => of.deleteBundle({ id });
  },
  loadBundle: async (of) => {
    const { id } = await bundled(of, false);
    return () => of.loadBundle({ id });
  },
  unloadBundle: async (of) => {
    const { id } = await bundled(of);
    return () => of.unloadBundle({ id });
  },
  setUpdateSource: call((of) => of.setUpdateSource({ location: "/srv/agents" })),
  requestUpdateCheck: async (of) => {
    await of.setUpdateSource({ location: "/srv/agents" });
    return () => of.requestUpdateCheck({});
  },
  settleUpdateCheck: call((of) => of.settleUpdateCheck({ startedAt: "2027-03-01T07:00:00Z", fault: "not there" })),
  saveDownload: call(download),
  deleteDownload: async (of) => {
    const { id } = await download(of);
    return () => of.deleteDownload({ id });
  },
  pinHostKey: call(pin),
  forgetHostKey: async (of) => {
    await pin(of);
    return () => of.forgetHostKey({ host: "web1" });
  },
  saveConfiguration: call((of) => of.saveConfiguration(scheduled)),
  deleteConfiguration: async (of) => {
    await of.saveConfiguration(scheduled);
    return () => of.deleteConfiguration({ id: "config-1" });
  },
  duplicateConfiguration: async (of) => {
    await of.saveConfiguration(scheduled);
    return () => of.duplicateConfiguration({ id: "config-1", name: "copy" });
  },
  requestRun: async (of) => {
    await of.saveConfiguration(scheduled);
    return () => of.requestRun({ configurationId: "config-1" });
  },
  settleSchedule: async (of) => {
    await of.saveConfiguration(scheduled);
    const fault = "the appliance has no bundle";
    return () => of.settleSchedule({ configurationId: "config-1", until: "2027-03-01T08:00:00Z", fault });
  },
  startRun: call(begun),
  finishRun: async (of) => {
    const { runId } = await begun(of);
    return () => of.finishRun({ runId, summary: SUMMARY });
  },
  enrolDevice: async (of) => {
    const { value } = await of.createToken({ name: "berlin", value: CANARY.padEnd(54, "x") });
    return () => of.enrolDevice(device(1, { token: value }));
  },
  setDeviceState: async (of) => {
    const kuid = await connected(of);
    return () => of.setDeviceState({ kuid, state: "blocked" });
  },
  deleteDevice: async (of) => {
    const kuid = await connected(of);
    return () => of.deleteDevice({ kuid });
  },
  saveLabel: call((of) => of.saveLabel({ name: "office", machines: ["web1"] })),
  changeLabelMachines: async (of) => {
    const { id } = await of.saveLabel({ name: "office", machines: ["web1"] });
    return () => of.changeLabelMachines({ id, add: ["web2"] });
  },
  deleteLabel: async (of) => {
    const { id } = await of.saveLabel({ name: "office", machines: ["web1"] });
    return () => of.deleteLabel({ id });
  },
  saveQuarantineDecision: call(decide),
  deleteQuarantineDecision: async (of) => {
    const { id } = await decide(of);
    return () => of.deleteQuarantineDecision({ id });
  },
  sendMessage: async (of) => {
    const kuid = await connected(of);
    return () => of.sendMessage({ kuids: [kuid], type: "check-in" });
  },
  deleteMessages: async (of) => {
    await of.sendMessage({ kuids: [await connected(of)], type: "check-in" });
    return () => of.deleteMessages({});
  },
  queueTasks: async (of) => {
    await connected(of);
    return () => of.queueTasks(script);
  },
  cancelTasks: async (of) => {
    await connected(of);
    const { sourceId } = await of.queueTasks(script);
    return () => of.cancelTasks({ sourceId });
  },
  publishServer: call((of) => of.publishServer(published)),
  withdrawServer: async (of) => {
    await of.publishServer(published);
    return () => of.withdrawServer({ instanceId: "instance-1" });
  },
  renewAuthority: async (of) => {
    await of.publishServer(published);
    return () => of.renewAuthority({});
  },
  finishAuthority: async (of) => {
    await of.publishServer({ ...published, authorities: [authority("present"), authority("next")] });
    return () => of.finishAuthority({});
  },
  updateSettings: call((of) => of.updateSettings({ runIntervalSeconds: 600 })),
  resetSettings: async (of) => {
    await of.updateSettings({ runIntervalSeconds: 600 });
    return () => of.resetSettings({});
  },
  createOrganization: call((of) => of.createOrganization({ name: "bonn" })),
  updateOrganization: async (of) => {
    await of.createOrganization({ name: "bonn" });
    return () => of.updateOrganization({ name: "bonn", description: "on the Rhine" });
  },
  deleteOrganization: async (of) => {
    await of.createOrganization({ name: "bonn" });
    return () => of.deleteOrganization({ name: "bonn" });
  },
  createApiToken: call((of) => of.createApiToken({ name: "ci" })),
  deleteApiToken: async (of) => {
    const { id } = await of.createApiToken({ name: "ci" });
    return () => of.deleteApiToken({ id });
  },
  saveUpdatePolicy: call((of) => of.saveUpdatePolicy({ enabled: true, allMachines: true })),
  resetUpdatePolicy: async (of) => {
    await of.saveUpdatePolicy({ enabled: true, allMachines: true });
    return () => of.resetUpdatePolicy({});
  },
  resumeUpdates: async (of) => {
    await of.saveUpdatePolicy({ enabled: true, allMachines: true, hold: true });
    return () => of.resumeUpdates({});
  },
  stepUpdates: async (of) => {
    await connected(of);
    await bundled(of);
    await of.saveUpdatePolicy({ enabled: true, allMachines: true });
    return () => of.stepUpdates({});
  },
};
