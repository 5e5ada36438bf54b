import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { InlineStack } from "../e2e/inline.ts";
import { Project, ref, type YamlProgram } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";
import { BUNDLE, PACKAGE, PACKAGE_SHA256, writePackage } from "./packages.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** A resource as an SDK would have it, with any inputs. */
class Any extends pulumi.CustomResource {}

/** A configuration that nothing is wrong with, and whose machines are on loopback. */
const RIGHT = {
  targets: { ips: ["127.0.0.1"] },
  server: { name: "kbox.example" },
  agent: { bundle: "bundle-x" },
  linux: { password: "correct-horse" },
};

function configuration(changes: pulumi.Inputs): pulumi.automation.PulumiFn {
  return async () => void new Any("kace:index:ProvisioningConfig", "fleet", { ...RIGHT, ...changes });
}

/** What each wrong property is answered with. */
const AT_THEIR_PATHS: readonly (readonly [pulumi.Inputs, readonly string[]])[] = [
  [
    {
      targets: { ipRanges: ["192.168.5-2.1-300"], hostnames: "web[1-", ips: ["10.0.0.256"] },
      linux: { port: 0, requiredPorts: [22, 70_000, "ssh"], connectTimeout: "2", authTimeout: "-1s", password: "p" },
      rollout: { maxConcurrency: 0, maxFailures: "120%", attempts: 0 },
      dns: { timeout: "soon" },
      agent: { bundle: "b", version: "fourteen" },
      stat: "present",
    },
    [
      'targets.ipRanges[0] value {<nil>} has a problem: "192.168.5-2.1-300"',
      'did you mean "192.168.2-5.1-255"?',
      "targets.hostnames",
      "targets.ips[0]",
      "has a problem: property linux.port: expected at least 1",
      "has a problem: property linux.requiredPorts[1]: expected at most 65535",
      "has a problem: property linux.requiredPorts[2]: expected a whole number, got a string",
      "has a problem: property linux.connectTimeout: expected a duration: a number and a unit",
      "has a problem: property linux.authTimeout: expected a duration: a number and a unit",
      "rollout.maxConcurrency value {<nil>} has a problem: expected at least 1",
      "rollout.maxFailures value {<nil>} has a problem: expected a percentage from 0% to 100%",
      "rollout.attempts value {<nil>} has a problem: expected at least 1",
      "dns.timeout value {<nil>} has a problem: expected a duration",
      "agent.version value {<nil>} has a problem: expected a version of two to four numbers",
      'unknown property; did you mean "state"?',
    ],
  ],
  [
    { linux: undefined },
    [
      "property linux",
      "there is no section for any platform: add `linux` with a `username` and a `password`, `privateKey`",
    ],
  ],
  [{ targets: { ips: "10.0.0.1", exclude: "10.0.0.1" } }, ["targets", "no target is left"]],
  [{ targets: { ipRanges: ["10.0.0.0/8"] } }, ["targets", "16777216 targets; more than 65536 need allowLarge: true"]],
  [{ agent: {} }, ["agent.bundle", "expected the id of the `AgentBundle` to install from"]],
  [
    { agent: { bundle: "b", version: "14.1", deniedVersions: ["14.1"] } },
    ["agent.version", "is one of `agent.deniedVersions`"],
  ],
  [
    { agent: { bundle: "b", version: "14.1.19", deniedVersions: ["14.1.19.0"] } },
    ["agent.version", "is one of `agent.deniedVersions`"],
  ],
  [{ agent: { bundle: "b", exact: true } }, ["agent.version", "expected the version that `exact` is about"]],
];

describe("bad input of a ProvisioningConfig", SLOW, () => {
  it("is refused at its exact path, with what would be right", async () => {
    const stack = await InlineStack.create(configuration({}), { plugin: KACE });
    for (const [changes, reasons] of AT_THEIR_PATHS) {
      stack.program = configuration(changes);
      const { output } = await stack.failingPreview();
      for (const reason of reasons) expect(output).toContain(reason);
    }
  });

  it("is a key that cannot be used: said so without a word of the key", async () => {
    const options = {
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "open-sesame",
    } as const;
    const encrypted = generateKeyPairSync("ed25519", {
      privateKeyEncoding: options,
      publicKeyEncoding: { type: "spki", format: "pem" },
    }).privateKey;
    const unusable = generateKeyPairSync("ed448").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const bodyOf = (key: string) => key.split("\n")[1] ?? "no key";
    const stack = await InlineStack.create(configuration({}), {
      plugin: KACE,
      secrets: ["this-is-no-key-at-all", "wrong-passphrase-canary", bodyOf(encrypted), bodyOf(unusable)],
    });
    for (const [linux, reason] of [
      [{ privateKey: "this-is-no-key-at-all" }, "linux.privateKey: it is not a private key"],
      [{ privateKey: encrypted }, "linux.passphrase: the private key is encrypted and needs a passphrase"],
      [
        { privateKey: encrypted, passphrase: "wrong-passphrase-canary" },
        "linux.passphrase: the passphrase of the private key is wrong",
      ],
      [{ privateKey: unusable }, "linux.privateKey: a private key of type ed448 cannot be used"],
      [{ password: "p", passphrase: "wrong-passphrase-canary" }, "there is no `privateKey` that it opens"],
    ] as const) {
      stack.program = configuration({ linux });
      expect((await stack.failingPreview()).output).toContain(reason);
    }
  });
});

/** A fleet with a bundle and a token of its own. */
function fleet(changes: object, token: object = {}): YamlProgram {
  return {
    resources: {
      token: { type: "kace:AgentToken", properties: { ...token } },
      agents: BUNDLE,
      fleet: {
        type: "kace:ProvisioningConfig",
        properties: {
          targets: { ips: ["127.0.0.1"] },
          agent: { bundle: ref("agents.id"), token: ref("token.value") },
          linux: { password: { "fn::secret": "correct-horse" }, port: 1 },
          ...changes,
        },
      },
    },
  };
}

/** A project that has the package it names. */
async function projectOf(program: YamlProgram): Promise<Project> {
  const project = await Project.yaml(program, { plugin: KACE, secrets: ["correct-horse"] });
  await writePackage(project.folder);
  return project;
}

describe("a configuration that no machine could be right with", SLOW, () => {
  it("has no log-in: warned of while it is only saved, and refused before the first machine, in a preview too", async () => {
    const server = { name: "kbox.example" };
    const project = await projectOf(fleet({ enabled: false, linux: {}, server }));
    const warning = "there is nothing to log in with: give `password`, `privateKey` or `agentSocket`";
    expect(await project.up()).toContain(warning);
    await project.write(fleet({ linux: {}, server }));
    const refused = "[no-credentials] there is nothing to log in with (give a password, a private key";
    expect(await project.fail(["preview"])).toContain(refused);
    expect(await project.failingUp()).toContain(refused);
    // What was saved before is still there, and can go.
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
  });

  it("has no server that agents could connect to: one failure, with the command that starts it", async () => {
    const project = await projectOf(fleet({}));
    for (const output of [await project.fail(["preview"]), await project.failingUp()]) {
      expect(output).toContain("[server-not-running] agents have no server to connect to");
      expect(output).toContain("start it with `kace serve`");
      expect(output).not.toContain("127.0.0.1"); // no machine was looked at
    }

    const server = await serving(project.world);
    await server.stop();
    expect(await project.failingUp()).toContain("[server-not-running] the agents' server localhost does not run");
  });

  it("has a token that nothing can enrol with: the rollout does not start, for one reason", async () => {
    const token = { adoptValue: { "fn::secret": "token-canary-0001" } };
    const project = await projectOf({});
    project.secrets.push("token-canary-0001");
    await serving(project.world);
    const wrong: readonly (readonly [object, object, string])[] = [
      [{ ...token, enabled: false }, {}, "[token-disabled]"],
      [token, { agent: { bundle: ref("agents.id"), token: { "fn::secret": "nobody-knows-it" } } }, "[token-unknown]"],
    ];
    for (const [settings, changes, code] of wrong) {
      await project.write(fleet(changes, settings));
      const output = await project.failingUp();
      expect(output).toContain(code);
      expect(output).not.toContain("127.0.0.1");
    }
    const appliance = await openLocal({ folder: project.world });
    try {
      const [known] = (await appliance.listTokens({})).tokens;
      await appliance.updateToken({ id: known?.id ?? "", expiresAt: "2020-01-01T00:00:00Z" });
      await project.write(fleet({}, token));
      expect(await project.failingUp()).toContain("[token-expired]");
      expect((await appliance.listOutcomes({})).outcomes).toEqual([]);
    } finally {
      await appliance.close();
    }
  });

  it("is told that agents are given another name than the address or the name of every machine itself", async () => {
    const project = await projectOf(fleet({ enabled: false, server: { name: "10.0.0.7" } }));
    expect(await project.succeed(["preview"])).toContain(
      "10.0.0.7 is an address: the appliance replaces it by its Web server name sooner or later",
    );
    await project.write(fleet({ enabled: false, server: { name: "localhost" } }));
    expect(await project.succeed(["preview"])).toContain("on every machine localhost means that machine itself");
  });

  it("names a bundle that is not there", async () => {
    const project = await projectOf(fleet({ agent: { bundle: "bundle-of-nobody" } }));
    await serving(project.world);
    expect(await project.fail(["preview"])).toContain("the appliance has no bundle bundle-of-nobody");
  });
});

describe("bad input of the other resources", SLOW, () => {
  it("is refused with what would be right: files that are not what they should be, moments, values and names", async () => {
    const project = await projectOf({});
    const files = (path: string, sha256: string) => ({ files: [{ path, sha256 }] });
    const wrong: readonly (readonly [string, object, string])[] = [
      ["AgentBundle", files(`./packages/${PACKAGE}`, "0".repeat(64)), `has the SHA-256 ${PACKAGE_SHA256}, not 0000`],
      ["AgentBundle", files("./packages/ampagent-9.9.9.ubuntu.64.deb", "0".repeat(64)), "there is no such file"],
      ["AgentBundle", files("./Pulumi.yaml", "0".repeat(64)), "is not named like an agent's package"],
      ["AgentBundle", files("./x", "12"), "expected the 64 hexadecimal digits of a SHA-256"],
      ["AgentBundle", { folder: "./packages" }, "expected the text of the folder's SHA256SUMS file"],
      ["AgentBundle", { folder: "./packages", checksums: "no checksum" }, "line 1 is not a checksum and a file name"],
      [
        "AgentBundle",
        { folder: "./packages", checksums: `${"0".repeat(64)}  ${PACKAGE}\n` },
        `has a problem: property checksums: ${PACKAGE} has the SHA-256 ${PACKAGE_SHA256}, not 0000`,
      ],
      ["AgentBundle", {}, "expected at least one package"],
      ["AgentBundle", { archive: { path: "./Pulumi.yaml" } }, "expected the archive's SHA-256, or the `publicKey`"],
      [
        "AgentBundle",
        { archive: { path: "./Pulumi.yaml", publicKey: "no key" } },
        "expected an Ed25519 public key in PEM form",
      ],
      ["AgentBundle", { archive: { path: "./none.kbin", sha256: "0".repeat(64) } }, "there is no file"],
      ["AgentToken", { expiresAt: "tomorrow" }, 'expected a date ("2027-06-30", its beginning in UTC)'],
      ["AgentToken", { expiresAt: "2020-01-01" }, "expected a later moment; to end a token, set `enabled: false`"],
      ["AgentToken", { useLimit: 0 }, "expected 1 or more; leave it out for any number"],
      ["AgentToken", { useLimit: -1 }, "expected 1 or more; leave it out for any number"],
      ["AgentToken", { adoptValue: { "fn::secret": "a b" } }, "expected 8 to 256 characters"],
      ["AgentToken", { name: " blank" }, "expected one line that neither begins nor ends with a blank"],
      ["AgentToken", { rotation: { trigger: "a", overlap: "a day" } }, "expected a duration"],
    ];
    for (const [type, properties, reason] of wrong) {
      await project.write({ resources: { it: { type: `kace:${type}`, properties: { ...properties } } } });
      expect(await project.fail(["preview"])).toContain(reason);
    }
  });

  it("is a configuration of the provider that cannot be meant", async () => {
    const project = await projectOf({ resources: { it: { type: "kace:AgentToken" } } });
    for (const [config, reason] of [
      [{ "kace:endpoint": "http://kbox.example" }, 'expected "local", or the address of a `kace serve`'],
      [{ "kace:connectTimeout": "2" }, "expected a duration"],
      [{ "kace:maxConcurrency": 0 }, "expected at least 1"],
      [{ "kace:endpoint": "https://127.0.0.1:1" }, "asks for an API token, and none is configured"],
    ] as const) {
      await project.configure(config);
      expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain(reason);
    }
  });
});
