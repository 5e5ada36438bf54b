import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { LogLimits } from "../../../provider/kit/pulumi/engine-log.ts";
import { EngineLog } from "../../../provider/kit/pulumi/engine-log.ts";
import { deadAddress, gate, TestEngine } from "./engine.ts";

const WEB = "urn:pulumi:dev::shop::kace:index:AgentToken::web";
const DB = "urn:pulumi:dev::shop::kace:index:AgentToken::db";

const engines: TestEngine[] = [];
const logs: EngineLog[] = [];

afterEach(() => {
  for (const log of logs.splice(0)) log.close();
  for (const engine of engines.splice(0)) engine.kill();
});

async function engineThat(accept?: () => Promise<void>, port?: number): Promise<TestEngine> {
  const engine = await TestEngine.start(accept, port);
  engines.push(engine);
  return engine;
}

function logTo(address: string | undefined, limits: Partial<LogLimits> = {}): EngineLog {
  const log = new EngineLog((text) => text.replaceAll("hunter22", "[secret]"), limits);
  logs.push(log);
  if (address !== undefined) log.connect(address);
  return log;
}

describe("the log", () => {
  it("tells the engine severity, resource and text, and a status as a line that does not stay", async () => {
    const engine = await engineThat();
    const log = logTo(engine.address);
    log.debug(WEB, "one");
    log.info(WEB, "two");
    log.warn(WEB, "three");
    log.error(WEB, "four");
    log.status(WEB, "five");
    await log.flush(10_000);
    expect(engine.messages).toEqual([
      { severity: "debug", urn: WEB, text: "one", ephemeral: false },
      { severity: "info", urn: WEB, text: "two", ephemeral: false },
      { severity: "warning", urn: WEB, text: "three", ephemeral: false },
      { severity: "error", urn: WEB, text: "four", ephemeral: false },
      { severity: "info", urn: WEB, text: "five", ephemeral: true },
    ]);
  });

  it("sends ten thousand lines in few messages, in order for each resource", async () => {
    const engine = await engineThat();
    const log = logTo(engine.address);
    const expected: string[] = [];
    for (let line = 0; line < 10_000; line += 1) {
      log.info(line % 2 === 0 ? WEB : DB, `line ${line}`);
      if (line % 2 === 0) expected.push(`line ${line}`);
    }
    await log.flush(20_000);
    expect(engine.linesOf(WEB)).toEqual(expected);
    expect(engine.linesOf(DB)).toHaveLength(5_000);
    expect(engine.messages.length).toBeLessThan(100);
  });

  it("masks every text before it waits, and before it is cut", async () => {
    const passing = gate();
    const engine = await engineThat(passing.pass);
    let secret = "hunter22";
    const log = new EngineLog((text) => text.replaceAll(secret, "[secret]"), { lineLength: 10, statusLength: 10 });
    logs.push(log);
    log.connect(engine.address);
    log.info(WEB, "123456hunter22 and more");
    log.status(WEB, "123456hunter22 and more");
    log.info(DB, "hunter22");
    log.info(DB, "hunter22");
    secret = "nothing any more";
    passing.open();
    await log.flush(10_000);
    expect(engine.linesOf(WEB)).toEqual(["123456[sec... (cut, 13 characters more)"]);
    expect(JSON.stringify(engine.messages)).not.toContain("hunt");
    expect(engine.linesOf(DB)).toEqual(["[secret]", "[secret]"]);
  });

  it("takes text that was cut in the middle of a character", async () => {
    const engine = await engineThat();
    const log = logTo(engine.address);
    log.info(WEB, `half ${"😀".slice(0, 1)}`);
    await log.flush(10_000);
    expect(engine.linesOf(WEB)).toEqual(["half \uFFFD"]);
  });

  it("waits in a flush for what was said before, not for what is said meanwhile", async () => {
    let open: (() => void) | undefined;
    let calls = 0;
    // The first message is answered at once, all others never.
    const engine = await engineThat(() =>
      ++calls === 1 ? Promise.resolve() : new Promise((resolve) => (open = resolve)),
    );
    const log = logTo(engine.address);
    log.info(WEB, "before");
    const flushed = log.flush(60_000);
    log.info(DB, "meanwhile");
    await flushed;
    expect(engine.linesOf(WEB)).toEqual(["before"]);
    open?.();
  });
});

describe("a slow engine", () => {
  it("gets of the statuses of a resource the newest only", async () => {
    const passing = gate();
    const engine = await engineThat(passing.pass);
    const log = logTo(engine.address);
    for (let step = 0; step <= 1_000; step += 1) log.status(WEB, `step ${step}`);
    passing.open();
    await log.flush(10_000);
    expect(engine.messages.map((one) => one.text)).toEqual(["step 0", "step 1000"]);
  });

  it("gets a bounded number of messages at once, and one of each resource", async () => {
    const passing = gate();
    const engine = await engineThat(passing.pass);
    const log = logTo(engine.address, { inFlight: 4 });
    for (let resource = 0; resource < 20; resource += 1) {
      log.info(`urn:${resource}`, "first");
      log.warn(`urn:${resource}`, "second");
    }
    await expect.poll(() => engine.messages.length).toBe(4);
    passing.open();
    await log.flush(10_000);
    expect(engine.mostAtOnce).toBeLessThanOrEqual(4);
    for (let resource = 0; resource < 20; resource += 1) {
      expect(engine.linesOf(`urn:${resource}`)).toEqual(["first", "second"]);
    }
  });

  it("loses debug lines first, no warnings and no errors, and hears how many lines are missing", async () => {
    const passing = gate();
    const engine = await engineThat(passing.pass);
    const log = logTo(engine.address, {
      waitingLength: { debug: 10_000, info: 20_000, warn: 10_000_000, error: 10_000_000 },
    });
    for (let line = 0; line < 2_000; line += 1) {
      log.debug(WEB, `debug ${line}`);
      log.info(WEB, `info ${line}`);
      log.warn(WEB, `warn ${line}`);
      log.error(DB, `error ${line}`);
    }
    passing.open();
    await log.flush(20_000);
    await log.flush(20_000);
    const lines = engine.linesOf(WEB);
    const count = (word: string): number => lines.filter((line) => line.startsWith(word)).length;
    expect(count("warn")).toBe(2_000);
    expect(engine.linesOf(DB)).toHaveLength(2_000);
    expect(count("debug")).toBeLessThan(count("info"));
    expect(count("info")).toBeLessThan(2_000);
    const missing = 4_000 - count("debug") - count("info");
    expect(engine.messages.filter((one) => one.urn === "")).toEqual([
      {
        severity: "info",
        urn: "",
        text: `${missing} lines were left out here: the engine takes them more slowly than they come`,
        ephemeral: false,
      },
    ]);
  });

  it("makes nothing wait beyond the limits, warnings and statuses included", async () => {
    const passing = gate();
    const engine = await engineThat(passing.pass);
    const log = logTo(engine.address, {
      waitingLength: { debug: 1_000, info: 1_000, warn: 5_000, error: 5_000 },
      statuses: 10,
    });
    for (let line = 0; line < 1_000; line += 1) {
      log.status(`urn:${line}`, "status");
      log.warn(WEB, `warning ${line}`);
    }
    passing.open();
    await log.flush(10_000);
    await log.flush(10_000);
    const warnings = engine.linesOf(WEB);
    expect(warnings.length).toBeGreaterThan(10);
    expect(warnings.join("").length).toBeLessThan(5_000);
    expect(engine.messages.filter((one) => one.ephemeral).length).toBeLessThanOrEqual(26);
    expect(engine.linesOf("").join()).toContain(`${1_000 - warnings.length} lines were left out`);
  });

  it("hears nothing of what was dropped when the log is closed", async () => {
    const log = logTo((await engineThat(() => new Promise(() => undefined))).address);
    for (let line = 0; line < 100; line += 1) log.warn(WEB, `warning ${line}`);
    log.close();
    const next = await engineThat();
    log.connect(next.address);
    log.info(DB, "goes on");
    await log.flush(10_000);
    expect(next.messages.map((one) => one.text)).toEqual(["goes on"]);
  });

  it("does not hold up a flush beyond its deadline", async () => {
    const engine = await engineThat(() => new Promise(() => undefined));
    const log = logTo(engine.address);
    log.info(WEB, "never answered");
    await log.flush(20);
    expect(engine.messages.length).toBeLessThanOrEqual(1);
  });
});

describe("an engine that is not there", () => {
  it("is no trouble when nobody said where it is", async () => {
    const log = logTo(undefined);
    log.error(WEB, "unheard");
    log.status(WEB, "unseen");
    await log.flush(60_000);
    const engine = await engineThat();
    log.connect(engine.address);
    log.info(WEB, "heard");
    await log.flush(10_000);
    expect(engine.messages.map((one) => one.text)).toEqual(["heard"]);
  });

  it.each(["", "no such scheme://x y", "http://[::1", "127.0.0.1:99999", "\u0000"])(
    "is no trouble when its address is %j",
    async (address) => {
      const log = logTo(address, { retryDelaysMs: [1] });
      log.warn(WEB, "unheard");
      await log.flush(60_000);
    },
  );

  it("is given up after a few attempts, and everybody who waits goes on", async () => {
    const log = logTo(await deadAddress(), { retryDelaysMs: [1, 1] });
    for (let line = 0; line < 1_000; line += 1) log.warn(`urn:${line % 50}`, "unheard");
    await log.flush(60_000);
    log.info(WEB, "unheard");
    await log.flush(60_000);
  });

  it("gets what it missed when it comes back in time", async () => {
    const address = await deadAddress();
    const log = logTo(address, { retryDelaysMs: Array.from({ length: 1_000 }, () => 20) });
    log.warn(WEB, "first");
    log.warn(WEB, "second");
    const engine = await engineThat(undefined, Number(address.split(":")[1]));
    await log.flush(30_000);
    expect(engine.linesOf(WEB)).toEqual(["first", "second"]);
  });

  it("is no trouble when it dies in the middle", async () => {
    const engine = await engineThat(() => new Promise(() => undefined));
    const log = logTo(engine.address, { retryDelaysMs: [1, 1] });
    for (let line = 0; line < 100; line += 1) log.info(`urn:${line}`, `line ${line}`);
    await expect.poll(() => engine.messages.length).toBeGreaterThan(0);
    engine.kill();
    await log.flush(60_000);
    log.info(WEB, "unheard");
    await log.flush(60_000);
  });

  it("that refuses a message loses that message only", async () => {
    let first = true;
    const engine = await engineThat(async () => {
      if (!first) return;
      first = false;
      throw Object.assign(new Error("refused"), { code: 3 });
    });
    const log = logTo(engine.address);
    log.info(WEB, "refused");
    log.warn(WEB, "taken");
    await log.flush(10_000);
    expect(engine.linesOf(WEB)).toEqual(["refused", "taken"]);
  });
});

it("an open log does not keep the process alive", async () => {
  const engine = await engineThat();
  const module = fileURLToPath(new URL("../../../provider/kit/pulumi/engine-log.ts", import.meta.url));
  const program = `
    import { EngineLog } from ${JSON.stringify(module)};
    const log = new EngineLog((text) => text);
    log.connect(${JSON.stringify(engine.address)});
    log.info("urn", "last words");
    await log.flush();
    log.info("urn", "said without a flush");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(engine.linesOf("urn")).toContain("last words");
});
