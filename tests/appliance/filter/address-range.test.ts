import { describe, expect, it } from "vitest";
import { addressRange } from "../../../provider/appliance/filter/address-range.ts";

describe("a range of addresses", () => {
  it.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.0.0.7/32", "10.0.0.7", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "::1", false],
    ["10.0.0.5-10.0.1.20", "10.0.1.0", true],
    ["10.0.0.5 - 10.0.1.20", "10.0.1.21", false],
    ["10.0.0.5", "10.0.0.5", true],
    ["10.0.0.5", "10.0.0.6", false],
    ["192.168.2-5.1-200", "192.168.3.200", true],
    ["192.168.2-5.1-200", "192.168.3.201", false],
    ["192.168.2-5.1-200", "192.168.6.1", false],
    ["fd00::/64", "fd00::1234", true],
    ["fd00::/64", "FD00:0:0:0::1", true],
    ["fd00::/64", "fd00:0:0:1::1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fd00::1-fd00::ff", "fd00::80", true],
    ["10.0.0.0/8", "no address", false],
  ])("%s and %s: %s", (range, address, expected) => {
    expect(addressRange(range)?.(address)).toBe(expected);
  });

  it.each([
    "",
    "web01",
    "10.0.0.0/33",
    "fd00::/129",
    "10.0.0.0/",
    "10.0.0",
    "10.0.0.256",
    "10.0.5-2.1",
    "10.0.1.20-10.0.0.5",
    "10.0.0.1-fd00::1",
    "10.0.0.1-10.0.0.2-10.0.0.3",
    "10.0.0.1-",
    "fe80::1%eth0",
  ])("%j is none", (text) => {
    expect(addressRange(text)).toBeUndefined();
  });
});
