import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { InlineStack } from "./inline.ts";
import { Project, type RecordedResource } from "./project.ts";
import { countObjects, Pair, Thing } from "./sdk.ts";

class Misspelt extends pulumi.CustomResource {}

/** What is said of each wrong property of `WRONG`. Beside nested properties the engine prints no value. */
const REASONS = [
  'property txet value {typo} has a problem: unknown property; did you mean "text"?',
  "property count value {many} has a problem: expected a whole number, got a string",
  'property size value {huge} has a problem: "huge" is not allowed; expected one of "small", "medium" or "large"',
  "property level value {4} has a problem: 4 is not allowed; expected one of 1, 2 or 3",
  "property ports[2] value {<nil>} has a problem: expected a whole number, got a string",
  "property ports[3] value {<nil>} has a problem: expected at most 65535",
  'property endpoint.prot value {<nil>} has a problem: unknown property; did you mean "port"?',
  "property endpoint.host value {<nil>} has a problem: missing required property; expected a string",
  'property mirrors[1].headers["x-a"] value {<nil>} has a problem: expected a string, got a whole number',
  "property mirrors[2].port value {<nil>} has a problem: expected a whole number, got a string",
  'property login.method value {<nil>} has a problem: "passwrd" is not allowed; expected one of "password" or "certificate"; did you mean "password"?',
  'property budget value {lots} has a problem: expected a percentage from 0% to 100%, such as "10%"',
  'property patience value {2 weeks} has a problem: expected a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h"',
  "property document value {not a file} has a problem: expected an asset (a file), got a string",
  "property friend value {not a note} has a problem: expected a resource of type Note, got a string",
  "has a problem: property secret: expected at least 4 characters",
  "has a problem: property secrets.one: expected a string, got an object",
  "has a problem: property ratio: expected a number, got a string",
];

const WRONG: pulumi.Inputs = {
  txet: "typo",
  count: "many",
  size: "huge",
  level: 4,
  ports: [80, 443, "ssh", 99_999],
  endpoint: { prot: 22 },
  mirrors: [{ host: "a" }, { host: "b", headers: { "x-a": 1 } }, { host: "c", port: "https" }],
  login: { method: "passwrd" },
  budget: "lots",
  patience: "2 weeks",
  document: "not a file",
  friend: "not a note",
  secret: "x-y",
  secrets: { one: { two: "abc-is-a-secret" } },
  ratio: pulumi.secret("not-a-number-but-secret"),
};

describe("bad input", () => {
  it("is refused at its exact path with what would be right, and a secret value is not repeated", async () => {
    const secrets = ["abc-is-a-secret", "not-a-number-but-secret", "x-y"];
    const stack = await InlineStack.create(async () => void new Thing("wrong", WRONG), { secrets });
    const { output } = await stack.failingPreview();
    for (const reason of REASONS) expect(output).toContain(reason);
    expect(await stack.project.effects()).toEqual([]);

    stack.program = async () => void new Pair("pair", { fist: "a", second: 2 });
    const ofComponent = (await stack.failingPreview()).output;
    expect(ofComponent).toContain(
      `property fist with value '{a}' has a problem: unknown property; did you mean "first"?`,
    );
    expect(ofComponent).toContain("property first has a problem: missing required property; expected a string");
    expect(ofComponent).toContain(
      "property second with value '{2}' has a problem: expected a string, got a whole number",
    );
  });

  it("in names of resources and functions is answered with the nearest name, in arguments with what is wrong", async () => {
    const said = async (call: Promise<unknown>) => call.then(String, (error: Error) => error.message);
    const stack = await InlineStack.create(async () => ({
      misspelt: await said(pulumi.runtime.invoke("fixture:index:countObject", {})),
      wrong: await said(pulumi.runtime.invoke("fixture:index:seal", { text: 5, kee: "k" })),
      failed: await said(pulumi.runtime.invoke("fixture:index:fail", {})),
      right: await said(countObjects().then(({ count }) => count)),
    }));
    const { output } = await stack.preview();
    expect(output).toContain(
      `unknown function \\"fixture:index:countObject\\" (did you mean \\"fixture:index:countObjects\\"?)`,
    );
    expect(output).toContain("expected a string, got a whole number (text)");
    expect(output).toContain(`unknown property; did you mean \\"key\\"? (kee)`);
    expect(output).toContain("behaviour: this function always fails (call another one)");
    expect(output).toMatch(/right {3}: "0"/);

    stack.program = async () => void new Misspelt("fixture:index:Thng", "it", {});
    expect((await stack.failingPreview()).output).toContain(
      'unknown resource type "fixture:index:Thng" (did you mean "fixture:index:Thing"?)',
    );
  });
});

/** A state as `pulumi stack export` writes it. */
interface Exported {
  readonly deployment: { readonly resources: RecordedResource[] };
}

describe("state that another version of the provider wrote", () => {
  it("is brought up to date if it is older, and refused with what to do if it is newer", async () => {
    const bookOf = (amountCents: number) => ({
      resources: { book: { type: "fixture:Ledger", properties: { name: "cash", amountCents } } },
    });
    const project = await Project.yaml(bookOf(1250));
    expect(await project.up("--diff")).not.toContain("__version");
    const file = join(project.folder, "state.json");
    await project.succeed(["stack", "export", "--file", file]);
    const exported: Exported = JSON.parse(await readFile(file, "utf8"));
    const rewrite = async (state: Pick<RecordedResource, "inputs" | "outputs">) => {
      const resources = exported.deployment.resources.map((resource) =>
        resource.type === "fixture:index:Ledger" ? { ...resource, ...state } : resource,
      );
      await writeFile(file, JSON.stringify({ ...exported, deployment: { ...exported.deployment, resources } }));
      await project.succeed(["stack", "import", "--file", file]);
    };

    await rewrite({
      inputs: { title: "cash", amount: "12.50" },
      outputs: { title: "cash", amount: "12.50", balance: "12.50" },
    });
    await project.succeed(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    // The engine keeps the outputs of what did not change, so the next run meets new inputs beside old outputs.
    expect(await project.recordedAs("book")).toMatchObject({
      inputs: { name: "cash", amountCents: 1250 },
      outputs: { title: "cash" },
    });
    await project.write(bookOf(1300));
    await project.up();
    expect(await project.effectsOn("book")).toEqual(["create", "update"]);
    expect(await project.recordedAs("book")).toMatchObject({
      inputs: { name: "cash", amountCents: 1300 },
      outputs: { name: "cash", amountCents: 1300, balance: "13.00" },
    });
    await project.expectSettled();

    await rewrite({ inputs: { name: "cash", amountCents: 1300 }, outputs: { __version: 3, name: "cash" } });
    const refused = "was written by a newer version of the provider (state version 3, this one knows 2) (use the newer";
    expect(await project.fail(["preview"])).toContain(refused);
    expect(await project.fail(["destroy", "--yes", "--skip-preview"])).toContain(refused);
    expect(await project.objects()).toHaveLength(1);
  });
});
