import fc from "fast-check";
import { expect, test } from "vitest";
import { inNaturalOrder } from "../../provider/rollout/natural-order.ts";

test.each([
  ["numbers by what they are worth", ["web2", "web10", "web100"]],
  ["addresses", ["10.0.0.2", "10.0.0.10", "10.0.2.1", "192.168.1.1"]],
  ["numbers longer than any that can be counted with", ["a9007199254740993", "a90071992547409931"]],
  ["zeros in front do not count, but keep two names apart", ["web01", "web1", "web002", "web3"]],
  ["capitals beside their small letters", ["alpha", "Beta", "gamma", "Web1", "web1", "web2"]],
  ["the shorter of two that begin alike", ["web", "web.example", "web1"]],
  ["names that are no ASCII", ["zebra", "ärger"]],
])("%s", (_what, inOrder) => {
  expect(inOrder.toReversed().sort(inNaturalOrder)).toEqual(inOrder);
});

test("it is an order: a name equals only itself, and of two the other way round the opposite is said", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "B", "b", "0", "1", "9", ".", "-"), maxLength: 6 });
  fc.assert(
    fc.property(name, name, name, (one, two, three) => {
      expect(inNaturalOrder(one, two) === 0).toBe(one === two);
      expect(Math.sign(inNaturalOrder(one, two)) + Math.sign(inNaturalOrder(two, one))).toBe(0);
      const [first = "", , last = ""] = [one, two, three].sort(inNaturalOrder);
      expect(inNaturalOrder(first, last)).toBeLessThanOrEqual(0);
    }),
  );
});
