import { describe, expect, it } from "vitest";
import { formatPath } from "../../../provider/kit/define/path.ts";
import { parseTargets, type TargetSpec } from "../../../provider/rollout/targets/parse-targets.ts";
import type { TargetSet } from "../../../provider/rollout/targets/target-set.ts";

function targets(spec: TargetSpec): TargetSet {
  const parsed = parseTargets(spec);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join("\n"));
  return parsed.targets;
}

function keys(spec: TargetSpec): string[] {
  return [...targets(spec).walk()].map(({ key }) => key);
}

/** The problems of targets, as `path: message => suggestion`. */
function problems(spec: TargetSpec): string[] {
  const parsed = parseTargets(spec);
  if (parsed.ok) return [];
  return parsed.problems.map(
    ({ path, message, suggestion }) =>
      `${formatPath(path)}: ${message}${suggestion === undefined ? "" : ` => ${suggestion}`}`,
  );
}

describe("a range", () => {
  it.each([
    ["192.168.2-5.1-200", 800],
    ["192 168 2-5 1-200", 800],
    ["192 168 2 - 5 1 - 200", 800],
    ["192.168.2.7", 1],
    ["10.0.0.0/8", 16_777_216],
    ["192.168.1.0/24", 256],
    ["192.168.1.7/32", 1],
    ["10.0.0.250-10.0.1.5", 12],
    ["10.0.0.250 - 10.0.1.5", 12],
    ["10 0 0 250-10 0 1 5", 12],
    ["1-223.0-255.0-255.1-254", 223 * 256 * 256 * 254],
    ["fd00::/120", 256],
    ["fd00::fffe-fd00::1:1", 4],
    ["::1", 1],
  ])("%s has %i addresses", (range, count) => {
    expect(targets({ ipRanges: [range] }).count).toBe(BigInt(count));
  });

  it("of IPv6 may be as large as they come, and is counted exactly", () => {
    expect(targets({ ipRanges: ["2000::/3"] }).count).toBe(2n ** 125n);
  });

  it("is walked in rising order over the octets", () => {
    expect(keys({ ipRanges: "192.168.2-3.254-255, 10.0.0.255-10.0.1.0" })).toEqual([
      "10.0.0.255",
      "10.0.1.0",
      "192.168.2.254",
      "192.168.2.255",
      "192.168.3.254",
      "192.168.3.255",
    ]);
  });
});

describe("targets", () => {
  it("are the same as a list and as one text with commas", () => {
    const list = { ips: ["10.0.0.1", "fd00::1"], hostnames: ["web[1,3].corp", "db"], ipRanges: ["10.1.0.0/30"] };
    const text = { ips: "10.0.0.1, fd00::1,", hostnames: "web[1,3].corp, db", ipRanges: "10.1.0.0/30" };
    expect(keys(text)).toEqual(keys(list));
    expect(keys(text)).toHaveLength(9);
  });

  it("count once, however often and in whatever way they are named", () => {
    const spec = {
      ipRanges: ["10.0.0.0/30", "10.0.0.2-10.0.0.5", "10.0.0.1-3"],
      ips: ["10.0.0.5", "10.0.0.9", "FD00:0:0::1", "fd00::1"],
      hostnames: ["Web1.corp", "web1.corp.", "web[1-2].corp"],
    };
    expect(keys(spec)).toEqual([
      "web1.corp",
      "web2.corp",
      ...[0, 1, 2, 3, 4, 5, 9].map((last) => `10.0.0.${last}`),
      "[fd00::1]",
    ]);
    expect(targets(spec).count).toBe(10n);
  });

  it("say how they came in: one by one, or by a range only", () => {
    const set = targets({ ipRanges: ["10.0.0.1-2", "10.0.0.7"], ips: "10.0.0.2, fd00::2", hostnames: "web01.corp" });
    expect([...set.walk()]).toEqual([
      { key: "web01.corp", name: "web01.corp", origin: "name" },
      { key: "10.0.0.1", address: "10.0.0.1", origin: "range" },
      { key: "10.0.0.2", address: "10.0.0.2", origin: "address" },
      { key: "10.0.0.7", address: "10.0.0.7", origin: "address" },
      { key: "[fd00::2]", address: "fd00::2", origin: "address" },
    ]);
    expect(set.named().map(({ key }) => key)).toEqual(["web01.corp", "10.0.0.2", "10.0.0.7", "[fd00::2]"]);
  });

  it("lose what is excluded: names by names, addresses by addresses, in any form", () => {
    const spec = { ipRanges: ["10.0.0.0/24", "fd00::/125"], ips: ["10.9.9.9"], hostnames: ["web[01-03]", "h-1"] };
    const exclude = "10.0.0.2-255, 10.0.0.0/32, 10 9 9 1-20, fd00::1-fd00::7, web[01,03], h-1";
    expect(keys({ ...spec, exclude })).toEqual(["web02", "10.0.0.1", "[fd00::]"]);
    expect(
      targets({ ...spec, exclude })
        .named()
        .map(({ key }) => key),
    ).toEqual(["web02"]);
    expect(targets({ ...spec, exclude: ["10.0.0.0/8", "fd00::/8", "web[01-03]", "h-1"] }).count).toBe(0n);
  });

  it("know whether a name or an address is among them", () => {
    const set = targets({ ipRanges: "10.0.0.0/8", ips: "fd00::1", hostnames: "web01.corp", exclude: "10.0.0.1" });
    const asked = [
      "10.200.3.4",
      "10.0.0.1",
      "11.0.0.0",
      "[fd00::1]",
      "fd00:0::1",
      "fd00::2",
      "WEB01.corp.",
      "web02.corp",
    ];
    expect(asked.map((one) => set.has(one))).toEqual([true, false, false, true, true, false, true, false]);
  });

  it("can be told from what they were before", () => {
    const before = targets({ ipRanges: "10.0.0.0/29", ips: "10.0.0.6, fd00::1", hostnames: "a,b" });
    const after = targets({ ipRanges: "10.0.0.0/30", hostnames: "b,c" });
    expect([...before.minus(after).walk()].map(({ key, origin }) => `${key} ${origin}`)).toEqual([
      "a name",
      "10.0.0.4 range",
      "10.0.0.5 range",
      "10.0.0.6 address",
      "10.0.0.7 range",
      "[fd00::1] address",
    ]);
  });

  it("are walked from anywhere without walking what comes before", () => {
    const set = targets({ ipRanges: ["10.0.0.0/8", "12-13.0-255.0-255.1-10", "2000::/3"], hostnames: "a,b,c" });
    const at = (offset: bigint) => set.walk(offset).next().value?.key;
    expect([0n, 2n, 3n, 4n, 16_777_218n, 16_777_219n, 16_777_229n].map(at)).toEqual([
      "a",
      "c",
      "10.0.0.0",
      "10.0.0.1",
      "10.255.255.255",
      "12.0.0.1",
      "12.0.1.1",
    ]);
    expect(at(set.count - 1n)).toBe("[3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]");
    expect(at(set.count)).toBeUndefined();
  });
});

describe("a host name pattern", () => {
  it.each([
    ["web[01-03].corp", ["web01.corp", "web02.corp", "web03.corp"]],
    ["web[8-11]", ["web8", "web9", "web10", "web11"]],
    ["web[08-11]", ["web08", "web09", "web10", "web11"]],
    ["web[98-101]", ["web98", "web99", "web100", "web101"]],
    ["w[09-10,2]-[a,b]", ["w09-a", "w09-b", "w10-a", "w10-b", "w2-a", "w2-b"]],
    ["rack[a-c]", ["racka", "rackb", "rackc"]],
    ["[berlin,paris].corp", ["berlin.corp", "paris.corp"]],
    ["win_host", ["win_host"]],
  ])("%s stands for %j", (pattern, names) => {
    expect(keys({ hostnames: [pattern] })).toEqual(names);
  });
});

describe("what is wrong is said at its place, with what was most likely meant", () => {
  const tables: [keyof TargetSpec, [string, string][]][] = [
    [
      "ipRanges",
      [
        [
          "192.168.5-2.1-300",
          '"192.168.5-2.1-300": octet 3, "5-2", runs from high to low; octet 4, "1-300", goes beyond 255 => 192.168.2-5.1-255',
        ],
        ["192 168 5-2 1-200", '"192 168 5-2 1-200": octet 3, "5-2", runs from high to low => 192.168.2-5.1-200'],
        ["192.168.1.256", '"192.168.1.256": octet 4, "256", goes beyond 255'],
        ["192.168.1.300-400", '"192.168.1.300-400": octet 4, "300-400", goes beyond 255'],
        [
          "192.168.010.1",
          '"192.168.010.1": octet 3, "010", has a leading zero, which some programs read as octal => 192.168.10.1',
        ],
        ["192.168.1.*", '"192.168.1.*": octet 4, "*", is no number => 192.168.1.0-255'],
        ["192.168.1", '"192.168.1": has 3 octets, and an address has 4 => 192.168.1.0-255'],
        ["192.168.1.1.1", '"192.168.1.1.1": has 5 octets, and an address has 4'],
        ["192.168.1.", '"192.168.1.": octet 4, "", is empty'],
        ["192.168.1.5-", '"192.168.1.5-": octet 4, "5-", has no end'],
        ["192.168.2\u20135.1", '"192.168.2\u20135.1": uses a dash where a hyphen ("-") is needed => 192.168.2-5.1'],
        ["10.0.0.5/24", '"10.0.0.5/24": is an address inside 10.0.0.0/24, not the network itself => 10.0.0.0/24'],
        ["10.0.0.0/33", '"10.0.0.0/33": "33" is no length of an IPv4 network; it is from 0 to 32'],
        ["10.0.0.0/", '"10.0.0.0/": "" is no length of an IPv4 network; it is from 0 to 32'],
        [
          "10.0.0.0/255.255.255.0",
          '"10.0.0.0/255.255.255.0": has a netmask behind the slash, where the length belongs => 10.0.0.0/24',
        ],
        ["10.0.1.9-10.0.0.1", '"10.0.1.9-10.0.0.1": runs from high to low => 10.0.0.1-10.0.1.9'],
        ["10.0.0.1-fd00::1", '"10.0.0.1-fd00::1": begins and ends in different families of addresses (IPv4 and IPv6)'],
        [
          "10.0.0.01-10.0.0.9",
          '"10.0.0.01-10.0.0.9": its first address: octet 4, "01", has a leading zero, which some programs read as octal => 10.0.0.1-10.0.0.9',
        ],
        ["fd00::/129", '"fd00::/129": "129" is no length of an IPv6 network; it is from 0 to 128'],
        ["fd00::1/64", '"fd00::1/64": is an address inside fd00::/64, not the network itself => fd00::/64'],
        ["fd00::zz", '"fd00::zz" is no IPv6 address'],
        [
          "fe80::1%eth0",
          '"fe80::1%eth0": has a zone behind the %, which means something on one machine only => fe80::1',
        ],
        ["::ffff:10.0.0.1", '"::ffff:10.0.0.1": is an IPv4 address written as an IPv6 one => 10.0.0.1'],
        ["web01.corp", '"web01.corp": looks like a host name; it belongs in "hostnames", not in "ipRanges"'],
        ["0.0.0.0/0", '"0.0.0.0/0": includes 0.0.0.0/8 (this network), where no machine has its address'],
        ["224.0.0.5", '"224.0.0.5": is in 224.0.0.0/4 (multicast), where no machine has its address'],
        ["", '"": is empty'],
      ],
    ],
    [
      "ips",
      [
        ["10.0.0.1-5", '"10.0.0.1-5": is a range; it belongs in "ipRanges"'],
        ["10.0.0.0/24", '"10.0.0.0/24": is a range; it belongs in "ipRanges"'],
        [
          "10.0.0.7/24",
          '"10.0.0.7/24": is an address inside 10.0.0.0/24, not the network itself; did you mean "10.0.0.0/24" in "ipRanges"?',
        ],
        [
          "10.0.0.9-10.0.0.1",
          '"10.0.0.9-10.0.0.1": runs from high to low; did you mean "10.0.0.1-10.0.0.9" in "ipRanges"?',
        ],
        [
          "10.0.0.0/33",
          '"10.0.0.0/33": "33" is no length of an IPv4 network; it is from 0 to 32; a range belongs in "ipRanges"',
        ],
        ["web01", '"web01": looks like a host name; it belongs in "hostnames", not in "ips"'],
        ["255.255.255.255", '"255.255.255.255": is in 255.255.255.255 (broadcast), where no machine has its address'],
      ],
    ],
    [
      "hostnames",
      [
        ["192.168.1.1", '"192.168.1.1": is an address; it belongs in "ips"'],
        ["fd00::1", '"fd00::1": is an address; it belongs in "ips"'],
        ["10.0.0.0/24", '"10.0.0.0/24": is a range; it belongs in "ipRanges"'],
        ["10.0.0.1-5", '"10.0.0.1-5": is a range; it belongs in "ipRanges"'],
        ["10.0.0.300", '"10.0.0.300": octet 4, "300", goes beyond 255; an address belongs in "ips"'],
        ["https://web01.corp:8443/x", '"https://web01.corp:8443/x": is a URL, not a host name => web01.corp'],
        ["web01.corp:22", '"web01.corp:22": has a port behind the host name => web01.corp'],
        ["root@web01", '"root@web01": has a user name before the host name => web01'],
        ["web[09-01]", '"web[09-01]": "[09-01]" runs from high to low => web[01-09]'],
        ["web[1-3", '"web[1-3": has a "[" without its "]"'],
        ["web1-3]", '"web1-3]": has a "]" without its "["'],
        ["web[]", '"web[]": has nothing to choose from in "[]"'],
        ["web..corp", '"web..corp": has an empty part between its dots'],
        ["-web", '"-web": has a part that begins or ends with a hyphen: "-web"'],
        ["we b", '"we b": has a character that no host name has: " "'],
        [
          "b\u00fccher.example",
          '"b\u00fccher.example": has a character that no host name has: "\u00fc" => xn--bcher-kva.example',
        ],
        ["web[1-3]!", '"web[1-3]!": stands for "web1!": has a character that no host name has: "!"'],
        ["web.1", '"web.1": ends in a number, as only addresses do'],
        [
          "h[0-999999999]",
          '"h[0-999999999]": "[0-999999999]" stands for 1000000000 host names, and 262144 is the most there can be',
        ],
        [
          "h[0-9999][0-9999]",
          '"h[0-9999][0-9999]": stands for 100000000 host names, and 262144 is the most there can be',
        ],
        [`${"a".repeat(64)}.b`, `"${"a".repeat(64)}...": has a part of 64 characters, and 63 is the most there can be`],
      ],
    ],
    [
      "exclude",
      [
        ["10.0.0.9-1", '"10.0.0.9-1": octet 4, "9-1", runs from high to low => 10.0.0.1-9'],
        ["web[2-1]", '"web[2-1]": "[2-1]" runs from high to low => web[1-2]'],
        ["", '"": is empty'],
      ],
    ],
  ];
  describe.each(tables)("%s", (property, cases) => {
    it.each(cases)("%j", (text, problem) => {
      expect(problems({ ips: ["10.0.0.1"], [property]: [text] })).toEqual([`targets.${property}[0]: ${problem}`]);
    });

    it("and nothing is wrong any more once it is repaired", () => {
      for (const [text] of cases) {
        const parsed = parseTargets({ [property]: [text] });
        if (parsed.ok) throw new Error(`${text} is right`);
        for (const { suggestion } of parsed.problems)
          if (suggestion !== undefined) expect(problems({ [property]: [suggestion] })).toEqual([]);
      }
    });
  });

  it("for every item at once, also in one text with commas", () => {
    expect(problems({ ipRanges: ["10.0.0.1-5", "10.0.0.9-1, 10.0.0.0/8, 10.0.0.2-1"], hostnames: "ok,no no" })).toEqual(
      [
        'targets.hostnames: "no no": has a character that no host name has: " "',
        'targets.ipRanges[1]: "10.0.0.9-1": octet 4, "9-1", runs from high to low => 10.0.0.1-9',
        'targets.ipRanges[1]: "10.0.0.2-1": octet 4, "2-1", runs from high to low => 10.0.0.1-2',
      ],
    );
  });

  it("of patterns that are too many only together", () => {
    expect(problems({ hostnames: ["a[000000-199999]", "b[000000-199999]"] })).toEqual([
      'targets.hostnames[1]: "b[000000-199999]": makes 400000 host names altogether, and 262144 is the most there can be',
    ]);
  });
});
