import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../../provider/appliance/server/rate.ts";

describe("a limit of how often", () => {
  it("lets a burst through, then says when it may be again, and then it may", () => {
    let now = 0;
    const limiter = new RateLimiter({ burst: 3, perSecond: 2 }, () => now);
    expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([0, 0, 0]);
    const waitMs = limiter.take("a");
    expect(waitMs).toBe(500);
    now += waitMs;
    expect(limiter.take("a")).toBe(0);
    expect(limiter.take("a")).toBeGreaterThan(0);
  });

  it("counts each key by itself", () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 }, () => 0);
    expect(limiter.take("a")).toBe(0);
    expect(limiter.take("b")).toBe(0);
    expect(limiter.take("a")).toBeGreaterThan(0);
  });

  it("keeps no more keys than it must, whatever comes", () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 }, () => 0);
    limiter.take("first");
    for (let number = 0; number < 10_000; number++) limiter.take(`key ${number}`);
    expect(limiter.take("first"), "the one that asked longest ago is forgotten").toBe(0);
  });

  it("never lets more through than the burst and what time has given", () => {
    const rates = fc.record({ burst: fc.integer({ min: 1, max: 20 }), perSecond: fc.constantFrom(0.5, 1, 7, 100) });
    const pauses = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(rates, pauses, (rate, pausesMs) => {
        let now = 0;
        let passed = 0;
        const limiter = new RateLimiter(rate, () => now);
        for (const pauseMs of pausesMs) {
          now += pauseMs;
          const waitMs = limiter.take("a");
          if (waitMs === 0) passed += 1;
          else expect(waitMs).toBeLessThanOrEqual(1_000 / rate.perSecond + 1);
          expect(passed).toBeLessThanOrEqual(rate.burst + (now / 1_000) * rate.perSecond + 1e-6);
        }
      }),
    );
  });
});
