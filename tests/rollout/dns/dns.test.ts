import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDns, type Dns } from "../../../provider/rollout/dns/dns.ts";
import {
  type NameSource,
  nameServer,
  parseNameServer,
  systemNames,
} from "../../../provider/rollout/dns/name-source.ts";
import { type PlayedNameServer, startNameServer } from "./played-name-server.ts";

/** Time enough for an answer on this machine, however busy it is. */
const AMPLE_MS = 60_000;

function source(answers: Partial<NameSource>): NameSource {
  const nothing = () => Promise.reject(new Error("nobody should ask this"));
  return { inFlight: 8, addressesOf: nothing, namesOf: nothing, ...answers };
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const never = () => Promise.withResolvers<string[]>().promise;

describe("a chosen name server", () => {
  let server: PlayedNameServer;
  let dns: Dns;

  beforeAll(async () => {
    server = await startNameServer({
      "both.corp": { A: ["10.0.0.1", "10.0.0.2"], AAAA: ["fd00:0000:0000:0000:0000:0000:0000:0001"] },
      "new.corp": { AAAA: ["fd00:0000:0000:0000:0000:0000:0000:0002"] },
      "empty.corp": {},
      "sick.corp": "server failure",
      "secret.corp": "refused",
      "silent.corp": "silence",
      "1.0.0.10.in-addr.arpa": { PTR: ["Both.Corp", "other.corp"] },
    });
    dns = createDns(nameServer(server.address, AMPLE_MS), { timeoutMs: AMPLE_MS });
  });
  afterAll(() => server.stop());

  it.each([
    ["both.corp", { kind: "resolved", addresses: ["10.0.0.1", "10.0.0.2", "fd00::1"] }],
    ["new.corp", { kind: "resolved", addresses: ["fd00::2"] }],
    ["10.9.9.9", { kind: "resolved", addresses: ["10.9.9.9"] }],
    ["empty.corp", { kind: "not-found" }],
    ["none.corp", { kind: "not-found" }],
    ["sick.corp", { kind: "refused", reason: "ESERVFAIL" }],
    ["secret.corp", { kind: "refused", reason: "EREFUSED" }],
  ])("says of %s: %j", async (name, answer) => {
    expect(await dns.forward(name)).toEqual(answer);
  });

  it("says which names an address has", async () => {
    expect(await dns.reverse("10.0.0.1")).toEqual({ kind: "resolved", names: ["both.corp", "other.corp"] });
    expect(await dns.reverse("10.0.0.9")).toEqual({ kind: "not-found" });
  });

  it("that stays silent is a time-out", async () => {
    const impatient = createDns(nameServer(server.address, 300), { timeoutMs: 300 });
    expect(await impatient.forward("silent.corp")).toEqual({ kind: "timeout" });
  });

  it("that is not there is refused or a time-out, never an unknown name", async () => {
    const gone = await startNameServer({});
    await gone.stop();
    const answer = await createDns(nameServer(gone.address, 2_000), { timeoutMs: 2_000 }).forward("both.corp");
    expect(["refused", "timeout"]).toContain(answer.kind);
  });

  it("is asked once for each question", async () => {
    const before = server.questions.length;
    const again = createDns(nameServer(server.address, AMPLE_MS), { timeoutMs: AMPLE_MS });
    const answers = await Promise.all(["new.corp", "NEW.corp", "new.corp"].map((name) => again.forward(name)));
    expect(answers.map(({ kind }) => kind)).toEqual(["resolved", "resolved", "resolved"]);
    expect(server.questions.slice(before).sort()).toEqual(["new.corp A", "new.corp AAAA"]);
  });

  it("may be given by a host name", async () => {
    const port = server.address.split(":")[1];
    const named = createDns(nameServer(`localhost:${port}`, AMPLE_MS), { timeoutMs: AMPLE_MS });
    expect(await named.forward("both.corp")).toMatchObject({ kind: "resolved" });
  });
});

describe("the system's own names", () => {
  it("hold localhost", async () => {
    const answer = await createDns(systemNames(AMPLE_MS), { timeoutMs: AMPLE_MS }).forward("localhost");
    if (answer.kind !== "resolved") throw new Error(`localhost is ${answer.kind}`);
    expect(["127.0.0.1", "::1"]).toContain(answer.addresses[0]);
  });
});

describe("look-ups", () => {
  it.each([
    ["ENOTFOUND", { kind: "not-found" }],
    ["ENODATA", { kind: "not-found" }],
    ["ETIMEOUT", { kind: "timeout" }],
    ["EAI_AGAIN", { kind: "refused", reason: "EAI_AGAIN" }],
    ["ECONNREFUSED", { kind: "refused", reason: "ECONNREFUSED" }],
  ])("that fail with %s are %j", async (code, answer) => {
    const dns = createDns(source({ addressesOf: () => Promise.reject(withCode(code)) }), { timeoutMs: AMPLE_MS });
    expect(await dns.forward("web01")).toEqual(answer);
  });

  it("that come back empty found nothing", async () => {
    const dns = createDns(source({ namesOf: async () => [] }), { timeoutMs: AMPLE_MS });
    expect(await dns.reverse("10.0.0.1")).toEqual({ kind: "not-found" });
  });

  it("do not hide a fault of the source", async () => {
    const dns = createDns(source({ addressesOf: () => Promise.reject(new TypeError("a bug")) }), {
      timeoutMs: AMPLE_MS,
    });
    await expect(dns.forward("web01")).rejects.toThrow("a bug");
  });

  it("are given up after the time-out, and the source is told", async () => {
    let isTold = false;
    const addressesOf: NameSource["addressesOf"] = (_, signal) => {
      signal.addEventListener("abort", () => {
        isTold = true;
      });
      return never();
    };
    const dns = createDns(source({ addressesOf }), { timeoutMs: 20 });
    expect(await dns.forward("web01")).toEqual({ kind: "timeout" });
    expect(isTold).toBe(true);
  });

  it("end with the run, those that wait for their turn included", async () => {
    const stop = new AbortController();
    const dns = createDns(source({ inFlight: 1, addressesOf: (_, signal) => untilAborted(signal) }), {
      timeoutMs: AMPLE_MS,
      signal: stop.signal,
    });
    const asked = Promise.allSettled(["a", "b", "c"].map((name) => dns.forward(name)));
    const reason = new Error("stopped by the user");
    stop.abort(reason);
    expect(await asked).toEqual(new Array(3).fill({ status: "rejected", reason }));
  });

  it("never ask more at once than the source can work on", async () => {
    let [inside, most] = [0, 0];
    const addressesOf = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return ["10.0.0.1"];
    };
    const dns = createDns(source({ inFlight: 3, addressesOf }), { timeoutMs: AMPLE_MS });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => dns.forward(`web${index}`)));
    expect(answers.every(({ kind }) => kind === "resolved")).toBe(true);
    expect(most).toBe(3);
  });
});

function untilAborted(signal: AbortSignal): Promise<string[]> {
  const { promise, reject } = Promise.withResolvers<string[]>();
  if (signal.aborted) reject(withCode("ECANCELLED"));
  signal.addEventListener("abort", () => reject(withCode("ECANCELLED")), { once: true });
  return promise;
}

describe("a name server is written", () => {
  it.each([
    ["10.0.0.53", { host: "10.0.0.53", port: 53 }],
    ["10.0.0.53:5353", { host: "10.0.0.53", port: 5353 }],
    ["fd00::53", { host: "fd00::53", port: 53 }],
    ["[fd00::53]", { host: "fd00::53", port: 53 }],
    ["[fd00::53]:5353", { host: "fd00::53", port: 5353 }],
    ["ns1.corp.example", { host: "ns1.corp.example", port: 53 }],
  ])("%s", (text, server) => {
    expect(parseNameServer(text)).toEqual(server);
  });

  it.each(["", "10.0.0.53:0", "10.0.0.53:70000", "http://ns1", "ns 1", "[10.0.0.53]", "ns1:port"])("not %j", (text) => {
    expect(() => parseNameServer(text)).toThrow("is no name server");
  });
});
