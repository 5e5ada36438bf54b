import { readFile } from "node:fs/promises";
import { connect, type LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../provider/kit/define/errors.ts";
import { describeError, ProviderError, toErrorDetail } from "../../../provider/kit/define/errors.ts";

/** What a piece of code throws, for real. */
async function thrownBy(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("a provider error", () => {
  const error = new ProviderError({
    code: "unavailable",
    message: "the server does not answer",
    hint: "start it",
    path: ["hosts", 3],
    cause: "x",
  });
  test("is an error and its own detail", () => {
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe("x");
    expect(toErrorDetail(error)).toBe(error);
  });
  test("is described by its path, message and hint", () => {
    expect(describeError(error)).toBe("hosts[3]: the server does not answer (start it)");
    expect(describeError({ code: "internal", message: "it failed", path: [] })).toBe("it failed");
  });
});

describe("an error of the system keeps its meaning:", () => {
  test.each<[string, ErrorCode]>([
    ["ECONNREFUSED", "unavailable"],
    ["ENOTFOUND", "unavailable"],
    ["ETIMEDOUT", "timeout"],
    ["EACCES", "permission-denied"],
    ["ENOSPC", "exhausted"],
  ])("%s is %s", (code, expected) => {
    const error = Object.assign(new Error(`connect ${code}`), { code });
    expect(toErrorDetail(error)).toEqual({ code: expected, message: `connect ${code}`, cause: error });
  });

  test("a file that is missing is not the object that is missing, so that no delete takes it for done", async () => {
    const error = await thrownBy(() => readFile("/nowhere/id_ed25519"));
    expect(toErrorDetail(error)).toMatchObject({
      code: "failed-precondition",
      message: expect.stringContaining("id_ed25519"),
    });
  });

  test("a refused fetch is unavailable and says why", async () => {
    const error = await thrownBy(() => fetch("http://127.0.0.1:1/"));
    const detail = toErrorDetail(error);
    // Port 1 is refused by fetch itself, any other by the system; both say more than "fetch failed".
    expect(detail.message).toMatch(/^fetch failed: ./);
    const refused = new TypeError("fetch failed", {
      cause: Object.assign(new Error("connect ECONNREFUSED ::1:9"), { code: "ECONNREFUSED" }),
    });
    expect(toErrorDetail(refused)).toMatchObject({
      code: "unavailable",
      message: "fetch failed: connect ECONNREFUSED ::1:9",
    });
  });

  test("a name with several addresses, all refused, is unavailable and says why", async () => {
    const lookup: LookupFunction = (_name, _options, done) =>
      done(null, [
        { address: "127.0.0.1", family: 4 },
        { address: "127.0.0.2", family: 4 },
      ]);
    const error = await thrownBy(
      () =>
        new Promise((_, reject) =>
          connect({ host: "two.test", port: 1, autoSelectFamily: true, lookup }).on("error", reject),
        ),
    );
    expect(error).toBeInstanceOf(AggregateError);
    expect(toErrorDetail(error)).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describe("a call that was ended", () => {
  test("says why, if its signal had a reason", async () => {
    const reason = new ProviderError({ code: "timeout", message: "it took longer than 5m" });
    const error = await thrownBy(() => delay(60_000, undefined, { signal: AbortSignal.abort(reason) }));
    expect(error).not.toBe(reason);
    expect(toErrorDetail(error)).toBe(reason);
  });
  test("counts as cancelled without a reason", async () => {
    const error = await thrownBy(() => delay(60_000, undefined, { signal: AbortSignal.abort() }));
    expect(toErrorDetail(error).code).toBe("cancelled");
  });
  test("counts as timed out by a signal that does just that", () => {
    expect(toErrorDetail(new DOMException("took too long", "TimeoutError")).code).toBe("timeout");
  });
});

describe("whatever else is thrown is a fault of the provider:", () => {
  const cyclic = new Error("around");
  cyclic.cause = cyclic;
  test.each<[string, unknown, string]>([
    ["an error", new TypeError("x is not a function"), "x is not a function"],
    ["an error without a message", new RangeError(), "RangeError"],
    ["an error of a library with a code of its own", Object.assign(new Error("no"), { code: "constructor" }), "no"],
    ["an error that causes itself", cyclic, "around"],
    ["a text", "just a text", "a handler threw just a text"],
    ["null", null, "a handler threw a value of type null"],
    ["undefined", undefined, "a handler threw a value of type undefined"],
    ["an object", { message: "no error" }, "a handler threw a value of type object"],
    ["a symbol", Symbol("x"), "a handler threw a value of type symbol"],
  ])("%s", (_, thrown, message) => {
    expect(toErrorDetail(thrown)).toEqual({ code: "internal", message, cause: thrown });
  });
  test("and never shows its stack", () => {
    expect(describeError(toErrorDetail(new Error("boom")))).toBe("boom");
  });
});
