import { describe, expect, test } from "vitest";
import { chooseSubnet, formatSubnet, gatewayOf, hostAddress, parseSubnet } from "../../examples/lab/subnet.ts";

describe("the subnet of a lab", () => {
  test.each([
    ["10.83.0.0/24", "10.83.0.1", "10.83.0.11"],
    ["10.83.7.9/24", "10.83.7.1", "10.83.7.11"],
    ["10.80.4.0/22", "10.80.4.1", "10.80.4.11"],
    ["192.168.250.128/25", "192.168.250.129", "192.168.250.139"],
  ])("%s has the gateway %s and its first host at %s", (text, gateway, first) => {
    const subnet = parseSubnet(text);
    expect([gatewayOf(subnet), hostAddress(subnet, 0)]).toEqual([gateway, first]);
  });

  test.each(["", "10.83.0.0", "10.83.0/24", "10.83.0.256/24", "10.83.0.0/33", "a.b.c.d/8"])("%j is none", (text) => {
    expect(() => parseSubnet(text)).toThrow("is no subnet");
  });

  test("goes on counting addresses beyond 255", () => {
    expect(hostAddress(parseSubnet("10.80.4.0/22"), 300)).toBe("10.80.5.55");
  });

  test("is the same for the same prefix, and another where that one is in use", () => {
    const first = chooseSubnet(undefined, "web", 12, []);
    expect(chooseSubnet(undefined, "web", 12, [])).toEqual(first);
    const second = chooseSubnet(undefined, "web", 12, [first]);
    expect(formatSubnet(second)).not.toBe(formatSubnet(first));
    expect(second.base).toBe(first.base + 256);
  });

  test("keeps out of a larger network that is in use, and says when nothing is free", () => {
    const half = parseSubnet("10.80.0.0/14");
    expect(chooseSubnet(undefined, "a", 1, [half]).base).toBeGreaterThanOrEqual(half.base + 2 ** 18);
    expect(() => chooseSubnet(undefined, "a", 1, [parseSubnet("10.0.0.0/8")])).toThrow("no free subnet");
  });

  test.each([
    [12, 24],
    [244, 24],
    [245, 23],
    [400, 23],
    [900, 22],
  ])("has room for %i hosts with a prefix of %i bits", (hosts, prefixLength) => {
    expect(chooseSubnet(undefined, "x", hosts, []).prefixLength).toBe(prefixLength);
  });

  test("is the wished one, unless that is too small or in use", () => {
    expect(formatSubnet(chooseSubnet("10.99.0.0/24", "x", 3, []))).toBe("10.99.0.0/24");
    expect(() => chooseSubnet("10.99.0.0/28", "x", 5, [])).toThrow("no room for 5 hosts");
    expect(() => chooseSubnet("10.99.0.0/24", "x", 3, [parseSubnet("10.99.0.128/30")])).toThrow(
      "10.99.0.0/24 overlaps 10.99.0.128/30",
    );
  });
});
