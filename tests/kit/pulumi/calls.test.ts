import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProviderError } from "../../../provider/kit/define/errors.ts";
import { Calls } from "../../../provider/kit/pulumi/calls.ts";

/** What the process would be told of an error that nobody caught, so that the test runner does not see it first. */
function catchStray(calls: Calls): () => void {
  const before = {
    exception: process.listeners("uncaughtException"),
    rejection: process.listeners("unhandledRejection"),
  };
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  process.on("uncaughtException", (error) => calls.blame(error));
  process.on("unhandledRejection", (error) => calls.blame(error));
  return () => {
    process.removeAllListeners("uncaughtException");
    process.removeAllListeners("unhandledRejection");
    for (const listener of before.exception) process.on("uncaughtException", listener);
    for (const listener of before.rejection) process.on("unhandledRejection", listener);
  };
}

function makeCalls(graceMs = 1_000) {
  const late: unknown[] = [];
  const calls = new Calls({ graceMs, onLateEnd: (what, end) => late.push({ what, ...end }) });
  return { calls, late };
}

const options = { what: "create of x", deadlineMs: undefined };

describe("a call is answered exactly once", () => {
  it("with what its handler returns", async () => {
    const { calls } = makeCalls();
    await expect(calls.run(options, async () => 7)).resolves.toBe(7);
    expect(calls.size).toBe(0);
  });

  it("with what its handler throws, before or after its first await", async () => {
    const { calls } = makeCalls();
    await expect(
      calls.run(options, () => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
    await expect(
      calls.run(options, async () => {
        await Promise.resolve();
        throw new Error("later");
      }),
    ).rejects.toThrow("later");
  });

  it("with what its error means to it, even if that comes from the end of its time", async () => {
    const { calls } = makeCalls(1);
    const answer = calls.run({ ...options, deadlineMs: 1 }, (call) => {
      call.rescue = (error) => new Error(`the object exists, but ${error instanceof Error ? error.message : "?"}`);
      return new Promise<never>(() => {});
    });
    await expect(answer).rejects.toThrow("the object exists, but create of x took longer than 1ms");
  });

  describe("when something that the handler started fails behind its back", () => {
    let restore = () => {};
    let { calls } = makeCalls();
    beforeEach(() => {
      ({ calls } = makeCalls());
      restore = catchStray(calls);
    });
    afterEach(() => restore());

    const never = new Promise<never>(() => {});
    const cases: Record<string, () => void> = {
      "a timer throws": () => setTimeout(() => fail("timer"), 1),
      "an emitter's listener throws": () => {
        const emitter = new EventEmitter();
        emitter.on("data", () => fail("emitter"));
        setImmediate(() => emitter.emit("data"));
      },
      "a forgotten promise rejects": () => void Promise.reject(new Error("promise")),
      "the next tick throws": () => process.nextTick(() => fail("tick")),
    };
    const fail = (what: string): never => {
      throw new Error(what);
    };
    for (const [name, start] of Object.entries(cases)) {
      it(`${name}: that call fails and no other`, async () => {
        const other = calls.run(options, () => new Promise((resolve) => setTimeout(resolve, 50, "fine")));
        const hit = calls.run(options, async () => {
          start();
          return never;
        });
        await expect(hit).rejects.toThrow(/timer|emitter|promise|tick/);
        await expect(other).resolves.toBe("fine");
      });
    }

    it("an error of nobody's call is nobody's failure", () => {
      expect(calls.blame(new Error("stray"))).toBe(false);
    });
  });
});

describe("a call that takes too long", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is told by its signal, and what the handler then returns still counts", async () => {
    const { calls } = makeCalls();
    const answer = calls.run(
      { ...options, deadlineMs: 5_000 },
      ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason.code))),
    );
    await vi.advanceTimersByTimeAsync(5_000);
    await expect(answer).resolves.toBe("timeout");
  });

  it("is answered without its handler when that ignores the signal, and a late result is told", async () => {
    const { calls, late } = makeCalls(2_000);
    let finish: (value: { id: string }) => void = () => {};
    const answer = calls.run(
      { ...options, deadlineMs: 5_000 },
      () => new Promise<{ id: string }>((resolve) => (finish = resolve)),
    );
    const failed = expect(answer).rejects.toThrow("create of x took longer than 5s");
    await vi.advanceTimersByTimeAsync(7_000);
    await failed;
    finish({ id: "late-1" });
    await vi.advanceTimersByTimeAsync(0);
    expect(late).toEqual([{ what: "create of x", value: { id: "late-1" } }]);
  });

  it("may take months where that is what it was given", async () => {
    const { calls } = makeCalls();
    const aborted = vi.fn();
    const answer = calls.run({ ...options, deadlineMs: 60 * 86_400_000 }, ({ signal }) => {
      signal.addEventListener("abort", aborted);
      return new Promise<never>(() => {});
    });
    const failed = expect(answer).rejects.toThrow("enough");
    // A single timer of Node cannot wait longer than 24.8 days; one that is asked to fires at once.
    await vi.advanceTimersByTimeAsync(20 * 86_400_000);
    expect(aborted).not.toHaveBeenCalled();
    calls.cancelAll("enough");
    expect(aborted).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
  });
});

describe("cancelling", () => {
  it("tells every running call, and each that begins before another engine introduces itself", async () => {
    const { calls } = makeCalls();
    const untilAborted = ({ signal }: { signal: AbortSignal }) =>
      new Promise<string>((resolve) => signal.addEventListener("abort", () => resolve(String(signal.reason.message))));
    const first = calls.run(options, untilAborted);
    const second = calls.run(options, untilAborted);
    calls.cancelAll("Ctrl-C");
    await expect(Promise.all([first, second])).resolves.toEqual(["Ctrl-C", "Ctrl-C"]);
    await expect(calls.run(options, async ({ signal }) => signal.reason.message)).resolves.toBe("Ctrl-C");
    calls.reopen();
    await expect(calls.run(options, async ({ signal }) => signal.aborted)).resolves.toBe(false);
    await calls.idle();
  });

  it("does not reach a call that got its answer, of which gRPC says in the end that its caller hung up", async () => {
    const { calls } = makeCalls();
    let hangUp = () => {};
    const signal = await calls.run(
      { ...options, onHangUp: (listener) => (hangUp = listener) },
      async (call) => call.signal,
    );
    hangUp();
    expect(signal.aborted).toBe(false);
  });

  it("reaches a handler that goes on after its call had failed, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    const { calls } = makeCalls();
    let hangUp = () => {};
    let signal: AbortSignal | undefined;
    const answer = calls.run({ ...options, onHangUp: (listener) => (hangUp = listener) }, (call) => {
      signal = call.signal;
      call.fail(new Error("failed"));
      return new Promise<never>(() => {});
    });
    await expect(answer).rejects.toThrow("failed");
    hangUp();
    expect(signal?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("reaches a call whose caller hung up, with a reason of its own", async () => {
    const { calls } = makeCalls();
    let hangUp = () => {};
    const answer = calls.run({ ...options, onHangUp: (listener) => (hangUp = listener) }, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    });
    hangUp();
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ code: "cancelled", message: "the caller of create of x hung up" });
  });
});
