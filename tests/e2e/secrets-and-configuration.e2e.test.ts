import { describe, expect, it } from "vitest";
import { Project, ref } from "./project.ts";

const note = { note: { type: "fixture:Note", properties: { text: "hi" } } };

describe("configuration", () => {
  it("that is missing is asked for with the command that sets it", async () => {
    const project = await Project.yaml({ resources: note }, { config: { "fixture:owner": null } });
    const output = await project.fail(["preview"]);
    expect(output).toContain('missing required configuration key "fixture:owner": Whose objects these are.');
    expect(output).toContain("Set a value using the command `pulumi config set fixture:owner <value>`.");
  });

  it("with an unknown key, a wrong type, or a value that is not in the list is refused, each key by its name", async () => {
    const project = await Project.yaml(
      { resources: note },
      {
        config: {
          "fixture:ownr": "x",
          "fixture:retries": "many",
          "fixture:mode": "slow",
          "fixture:limits": { objects: 0, passwort: "y" },
        },
        secretConfig: { "fixture:apiToken": "short!" },
      },
    );
    const output = await project.fail(["preview"]);
    for (const sentence of [
      'property ownr value {x} has a problem: unknown property; did you mean "owner"?',
      "property retries value {many} has a problem: expected a whole number, got a string",
      'property mode value {slow} has a problem: "slow" is not allowed; expected one of "fast" or "careful"',
      'property limits.passwort value {<nil>} has a problem: unknown property; did you mean "password"?',
      "property limits.objects value {<nil>} has a problem: expected at least 1",
      "has a problem: property apiToken: expected at least 8 characters",
    ]) {
      expect(output).toContain(sentence);
    }
  });

  it("that nobody set comes from the environment, and nested values and secrets arrive as they are", async () => {
    const project = await Project.yaml(
      {
        variables: { counted: { "fn::invoke": { function: "fixture:countObjects", arguments: {} } } },
        resources: {
          note: note.note,
          thing: {
            type: "fixture:Thing",
            properties: {
              text: { "fn::secret": "the-text-is-secret" },
              secret: "the-secret-itself",
              secrets: { one: "the-first-of-many" },
              endpoint: { host: "h", password: "the-door-opens" },
              mirrors: [{ host: "plain" }, { host: "m", password: "the-mirror-opens" }],
              login: { method: "password", username: "ada", password: "the-login-works" },
              extra: { deep: [{ "fn::secret": "the-extra-is-deep" }] },
            },
          },
        },
        outputs: { region: ref("thing.region"), text: ref("thing.text"), owner: ref("counted.owner") },
      },
      {
        config: { "fixture:verbose": "true", "fixture:retries": 5, "fixture:labels": { a: "b" } },
        secretConfig: { "fixture:apiToken": "token-in-config" },
        environment: { FIXTURE_REGION: "region-of-the-environment" },
        secrets: [
          "the-text-is-secret",
          "the-secret-itself",
          "the-first-of-many",
          "the-door-opens",
          "the-mirror-opens",
          "the-login-works",
          "the-extra-is-deep",
        ],
      },
    );
    const up = await project.up();
    expect(up).toMatch(/region: "region-of-the-environment"/);
    expect(up).toMatch(/text {2}: \[secret\]/);
    expect(up).toMatch(/owner : "tests"/);
    await project.expectSettled();
    const provider = (await project.recorded()).find(({ type }) => type === "pulumi:providers:fixture");
    expect(provider?.inputs).toMatchObject({
      labels: '{"a":"b"}',
      mode: "fast",
      retries: "5",
      backendFolder: project.world,
    });
    const [object] = await project.objects("Thing");
    expect(object?.properties).toMatchObject({ text: "the-text-is-secret", extra: { deep: ["the-extra-is-deep"] } });

    // Nor does what the plugin and the engine log for who debugs them.
    await project.succeed(["preview", "--diff", "--show-reads", "--show-sames", "--debug", "--expect-no-changes"]);
  });
});
