import { expect, test } from "vitest";
import * as z from "zod";
import { withoutCredentials } from "../../../provider/kit/define/credentials.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import { OutputValue, Secret, unknown } from "../../../provider/kit/define/value.ts";

const password = () => z.string().meta({ description: "The password.", secret: true, credential: true });
const place = () => z.object({ host: z.string().meta({ description: "The machine." }), password: password() });
const login = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password").meta({ description: "By password." }), password: password() }),
  z.object({
    kind: z.literal("agent").meta({ description: "By agent." }),
    socket: z.string().meta({ description: "Where." }),
  }),
]);

const { inputs: shape } = defineResource({
  name: "Thing",
  description: "Something.",
  inputs: z.object({
    text: z.string().meta({ description: "A text." }),
    token: password(),
    place: place().meta({ description: "One." }),
    list: z.array(place()).meta({ description: "Some." }),
    map: z.record(z.string(), place()).meta({ description: "By name." }),
    login: login.meta({ description: "How." }),
  }),
  outputs: z.object({}),
}).descriptor;

const here = { host: "a", password: new Secret("b") };

test("inputs lose their credentials at every depth", () => {
  const kept = withoutCredentials(shape, {
    text: "t",
    token: new Secret("x"),
    place: here,
    list: [here, here],
    map: { one: here },
    login: { kind: "password", password: new Secret("b") },
  });
  expect(kept).toEqual({
    text: "t",
    place: { host: "a" },
    list: [{ host: "a" }, { host: "a" }],
    map: { one: { host: "a" } },
    login: { kind: "password" },
  });
});

test("what is secret or an output as a whole stays so", () => {
  const kept = withoutCredentials(shape, {
    place: new Secret(here),
    list: new OutputValue({ value: [here], secret: true, dependencies: ["urn"] }),
  });
  expect(kept.place).toBeInstanceOf(Secret);
  expect(kept.place instanceof Secret && kept.place.reveal()).toEqual({ host: "a" });
  expect(kept.list).toEqual(new OutputValue({ value: [{ host: "a" }], secret: true, dependencies: ["urn"] }));
});

test("what is not known yet stays so, and a credential is dropped before it is known which option it belongs to", () => {
  const kept = withoutCredentials(shape, { place: unknown, login: { kind: unknown, password: "b", socket: "s" } });
  expect(kept).toEqual({ place: unknown, login: { kind: unknown, socket: "s" } });
});
