import { randomBytes } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { type Empty, providerPb, ResourceProviderService as service } from "../../../provider/kit/pulumi/proto.ts";
import { type Answer, describe } from "../answer.ts";
import * as calls from "../calls.ts";
import { demand, inCase, type Law } from "../law.ts";
import { structOf } from "../messages.ts";
import type { Plugin } from "../plugin.ts";
import type { Subject } from "../subject.ts";
import { type JsonMap, SECRET, SIGNATURE } from "../wire.ts";

const law = { letter: "a", title: "every advertised call answers, and none hangs on garbage" } as const;

/** Structs that are well-formed protobuf and mean nothing. */
const STRANGE_MAPS: readonly JsonMap[] = [
  {},
  { "": "" },
  { [SIGNATURE]: "ffffffffffffffffffffffffffffffff" },
  { value: { [SIGNATURE]: SECRET } },
  { value: { [SIGNATURE]: 5, value: null } },
  { value: nested(120) },
  { constructor: "x", toString: [null], hasOwnProperty: { prototype: true } },
];

const STRANGE_URNS = [
  "",
  "not a urn",
  "urn:pulumi:a::b::c",
  "urn:pulumi:stack::project::nobody:index:Nothing::name",
  `urn:pulumi:s::p::${"x".repeat(5000)}::n`,
];

function nested(depth: number): JsonMap {
  let map: JsonMap = {};
  for (let level = 0; level < depth; level++) map = { deeper: map };
  return map;
}

/** Law (a). */
export const answers: Law = {
  ...law,
  async holds(subject) {
    return subject.withPlugin(async (plugin) => {
      let cases = await advertised(subject, plugin);
      cases += await garbageBytes(subject, plugin);
      cases += await strangeRequests(subject, plugin);
      return cases;
    });
  },
};

async function demandAlive(plugin: Plugin, after: string): Promise<void> {
  demand(plugin.alive, `the process ended after ${after}:\n${plugin.output.slice(-2000)}`);
  const info = await calls.getPluginInfo(plugin);
  demand(info.ok, `after ${after} the provider does not answer GetPluginInfo any more`);
}

/** What the schema offers is there. */
async function advertised(subject: Subject, plugin: Plugin): Promise<number> {
  let cases = 0;
  const offered = async (what: string, ask: () => Promise<Answer<unknown>>) => {
    cases += await inCase(law, what, async () => {
      const answer = await ask();
      demand(
        answer.ok || answer.code !== grpc.status.UNIMPLEMENTED,
        () => `it is offered, and answers ${answer.ok ? "" : describe(answer)}`,
      );
      await demandAlive(plugin, what);
    });
  };
  const config = subject.options.config ?? {};
  await offered("GetPluginInfo", () => calls.getPluginInfo(plugin));
  await offered("GetSchema", () => calls.getSchema(plugin));
  await offered("CheckConfig", () => calls.checkConfig(plugin, subject.schema.name, config));
  await offered("DiffConfig", () => calls.diffConfig(plugin, subject.schema.name, config, config));
  for (const { token } of subject.resources) {
    const target = { urn: `urn:pulumi:conformance::conformance::${token}::nobody`, name: "nobody", type: token };
    const nothing = { id: "nobody", olds: {}, oldInputs: {}, news: {} };
    await offered(`Check of ${token}`, () => calls.check(plugin, target, { news: {} }));
    await offered(`Diff of ${token}`, () => calls.diff(plugin, target, nothing));
    await offered(`Create of ${token} in a preview`, () => calls.create(plugin, target, { inputs: {}, preview: true }));
    await offered(`Delete of ${token}`, () => calls.remove(plugin, target, { id: "nobody", inputs: {}, outputs: {} }));
  }
  for (const token of Object.keys(subject.schema.functions ?? {})) {
    if (token.includes("/")) continue; // a method: for Call
    await offered(`Invoke of ${token}`, () => calls.invoke(plugin, token, {}, true));
  }
  for (const [token, resource] of Object.entries(subject.schema.resources ?? {})) {
    if (resource.isComponent !== true) continue;
    const request = new providerPb.ConstructRequest()
      .setType(token)
      .setName("nobody")
      .setInputs(structOf({}))
      .setMonitorendpoint("127.0.0.1:1")
      .setProject("p")
      .setStack("s");
    await offered(`Construct of ${token} without a monitor`, () => plugin.call(service.construct, request));
    for (const method of Object.values(resource.methods ?? {})) {
      const call = new providerPb.CallRequest()
        .setTok(method)
        .setArgs(structOf({}))
        .setMonitorendpoint("127.0.0.1:1")
        .setProject("p")
        .setStack("s");
      await offered(`Call of ${method} without a monitor`, () => plugin.call(service.call, call));
    }
  }
  return cases;
}

/** Bytes that are no message, to every method. */
async function garbageBytes(subject: Subject, plugin: Plugin): Promise<number> {
  let cases = 0;
  const garbage = [
    new Uint8Array(),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x0a, 0x05, 0x41),
    randomBytes(64),
    Uint8Array.of(0x12, 0x04, 0xc3, 0x28, 0xa0, 0xa1),
  ];
  for (const [name, method] of Object.entries(service)) {
    if (name === "cancel" || name === "configure" || name === "attach") continue; // these change what the process is
    cases += await inCase(law, `${name} of ${subject.options.name}`, async () => {
      for (const bytes of garbage) {
        // Any status will do; that there is one is the law.
        if (method.responseStream) await plugin.callStream(service.list, bytes);
        else await plugin.call<Empty, unknown>({ path: method.path, responseDeserialize: () => ({}) }, bytes);
      }
      await demandAlive(plugin, `garbage to ${name}`);
    });
  }
  return cases;
}

/** Messages that are well-formed and ask for what does not exist. */
async function strangeRequests(subject: Subject, plugin: Plugin): Promise<number> {
  let cases = 0;
  const types = [...subject.resources.map(({ token }) => token), "nobody:index:Nothing"];
  for (const urn of STRANGE_URNS) {
    cases += await inCase(law, `the URN ${JSON.stringify(urn.slice(0, 60))}`, async () => {
      const target = { urn, name: "", type: "" };
      const asked: readonly [string, Answer<unknown>][] = [
        ["Check", await calls.check(plugin, target, { news: {} })],
        ["Diff", await calls.diff(plugin, target, { id: "x", olds: {}, oldInputs: {}, news: {} })],
        ["Create", await calls.create(plugin, target, { inputs: {} })],
        ["Read", await calls.read(plugin, target, { id: "x" })],
        ["Update", await calls.update(plugin, target, { id: "x", olds: {}, oldInputs: {}, news: {} })],
        ["Delete", await calls.remove(plugin, target, { id: "x", outputs: {}, inputs: {} })],
      ];
      for (const [name, answer] of asked)
        demand(!answer.ok, `${name} of something that does not exist was answered as if it did`);
      await demandAlive(plugin, `requests with the URN ${urn.slice(0, 60)}`);
    });
  }
  cases += await inCase(law, "functions that do not exist", async () => {
    for (const token of ["", "nobody:index:nothing", `${subject.schema.name}:index:nothing`]) {
      const answer = await calls.invoke(plugin, token, {});
      demand(!answer.ok, `Invoke of ${JSON.stringify(token)} was answered as if it existed`);
    }
  });
  for (const type of types) {
    for (const map of STRANGE_MAPS) {
      const where = `${type} with ${JSON.stringify(map).slice(0, 80)}`;
      cases += await inCase(law, where, async () => {
        const target = { urn: `urn:pulumi:s::p::${type}::n`, name: "n", type };
        await calls.check(plugin, target, { news: map, olds: map });
        await calls.diff(plugin, target, { id: "x", olds: map, oldInputs: map, news: map });
        await calls.create(plugin, target, { inputs: map, preview: true });
        await calls.read(plugin, target, { id: "x", state: { inputs: map, outputs: map } });
        await calls.update(plugin, target, { id: "x", olds: map, oldInputs: map, news: map, preview: true });
        await demandAlive(plugin, where);
      });
    }
  }
  return cases;
}
