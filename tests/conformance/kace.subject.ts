import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { listing } from "../appliance/local/folders.ts";
import { distinctText, type ResourceGenerator } from "./generators.ts";
import { label, quarantineDecision } from "./label-generators.ts";
import { ELSEWHERE, inAnOrganization } from "./organization-generators.ts";
import { updatePolicy } from "./policy-generators.ts";
import type { SideEffects, SubjectOptions } from "./subject.ts";
import type { Json, JsonMap } from "./wire.ts";

/** The provider with an appliance of its own and packages to load. */
export async function kaceSubject(): Promise<SubjectOptions> {
  const root = await mkdtemp(join(tmpdir(), "kace-world-"));
  const store = join(root, "appliance");
  const packages = await writePackages(join(root, "packages"));
  const silent = await silentHost();
  const appliance = await openLocal({ folder: store });
  await appliance.createOrganization({ name: ELSEWHERE });
  await appliance.close();
  return {
    name: "kace",
    command: [process.execPath, fileURLToPath(new URL("../../provider/main.ts", import.meta.url))],
    env: { KACE_DATABASE: store },
    generators: {
      "kace:index:AgentToken": inAnOrganization(token),
      "kace:index:Organization": organization,
      "kace:index:AgentBundle": inAnOrganization(bundleOf(join(root, "packages"), packages)),
      "kace:index:AgentSettings": settings,
      "kace:index:AgentUpdatePolicy": inAnOrganization(updatePolicy),
      "kace:index:Label": inAnOrganization(label),
      "kace:index:QuarantineDecision": inAnOrganization(quarantineDecision),
      "kace:index:ProvisioningConfig": inAnOrganization(configurationOf(silent.port)),
    },
    functionArguments,
    // One that there is not is named in what is logged, and short texts of the laws may be a part of it.
    knownArguments: { organization: ELSEWHERE },
    sideEffects: sideEffectsIn(store),
    dispose: async () => {
      silent.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
    runs: 6,
  };
}

/** Whatever changes in the folder of the appliance is a write: not only what its tables tell. */
function sideEffectsIn(store: string): SideEffects {
  let [writes, last] = [0, JSON.stringify(listing(store))];
  return {
    async count() {
      const now = JSON.stringify(listing(store));
      if (now !== last) writes += 1;
      last = now;
      return writes;
    },
    async objects() {
      const appliance = await openLocal({ folder: store, readOnly: true });
      const { organizations } = await appliance.listOrganizations({});
      const made = organizations.filter(({ name }) => name !== "default" && name !== ELSEWHERE);
      const objects = await Promise.all(["default", ELSEWHERE].map((name) => contentsOf(appliance, name)));
      await appliance.close();
      return [...objects.flat(), ...made.map(({ name: id, urn }) => ({ id, urn }))].map(({ id, urn = "" }) => ({
        id,
        urn,
      }));
    },
  };
}

async function contentsOf(appliance: Appliance, organization: string) {
  const all = { organization, limit: 1_000 };
  const { tokens } = await appliance.listTokens(all);
  const { bundles } = await appliance.listBundles(all);
  const { configurations } = await appliance.listConfigurations(all);
  const { labels } = await appliance.listLabels(all);
  const { decisions } = await appliance.listQuarantineDecisions(all);
  const onlyOnes = [await appliance.getSettings({ organization }), await appliance.getUpdatePolicy({ organization })];
  const adopted = onlyOnes.filter(({ exists }) => exists).map(({ urn }) => ({ id: organization, urn }));
  return [...tokens, ...bundles, ...configurations, ...labels, ...decisions, ...adopted];
}

interface Package {
  readonly name: string;
  readonly sha256: string;
}

/** Small files that are named as the vendor names its packages. */
async function writePackages(folder: string): Promise<readonly Package[]> {
  await mkdir(folder);
  const names = ["ampagent-14.1.19.ubuntu.64.deb", "ampagent-14.1.20.ubuntu.64.deb", "ampagent-14.1.19-1.x86_64.rpm"];
  return Promise.all(
    names.map(async (name) => {
      await writeFile(join(folder, name), name);
      return { name, sha256: createHash("sha256").update(name).digest("hex") };
    }),
  );
}

/** A port of loopback that accepts connections and never says anything. */
async function silentHost(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return { port: address.port, close: () => server.close() };
}

/** A name without blanks around it. */
const name = distinctText().map((text) => `n${text}`);

/** An adopted value is of few characters only. */
const adoptValue = fc
  .integer({ min: 0, max: 2 ** 48 - 1 })
  .map((number) => `v~${number.toString(36).padStart(10, "0")}`);

const plain = { noNullPrototype: true } as const;

function set(property: string, value: Json): (inputs: JsonMap) => JsonMap {
  return (inputs) => ({ ...inputs, [property]: value });
}

/** An interval in one of the forms that programs write. */
const interval = fc.constantFrom("1m", "90s", "1.5h", "60m", "1h", "2h", "30d");

/** What is the appliance's, and so of one organization only. */
const withoutLimits = ({ taskThroughput: _, maxCheckInsPerHour: __, ...rest }: JsonMap): JsonMap => rest;

const settings = inAnOrganization(
  {
    inputs: fc.record(
      {
        communicationsWindow: fc.constantFrom(
          { from: "22:00", to: "06:00" },
          { from: "01:00", to: "06:30" },
          { from: "00:00", to: "00:00" },
        ),
        runInterval: interval,
        inventoryInterval: fc.oneof(fc.constant("0s"), interval),
        splashText: distinctText().map((text) => `Please wait ${text}`),
        scriptingUpdateInterval: interval,
        logRetention: fc.constantFrom("saveAll", "off"),
        // Always the one there is: whether it may rise depends on how busy this machine is.
        taskThroughput: fc.constant(50),
        maxCheckInsPerHour: fc.integer({ min: 1, max: 1_000 }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    mutations: [
      { name: "another interval", apply: set("runInterval", "77m"), expect: "update", path: "runInterval" },
      { name: "another window", apply: set("communicationsWindow", { from: "03:33", to: "04:44" }), expect: "update" },
      { name: "another splash text", apply: set("splashText", "another text"), expect: "update", path: "splashText" },
    ],
  },
  withoutLimits,
);

const token: ResourceGenerator = {
  inputs: fc.record(
    {
      name,
      adoptValue,
      expiresAt: fc.constantFrom("2037-06-30", "2041-01-01T10:00:00+02:00", "2040-02-29"),
      useLimit: fc.integer({ min: 1, max: 1_000 }),
      enabled: fc.boolean(),
      rotation: fc.record(
        { trigger: distinctText(), overlap: fc.constantFrom("24h", "1.5h", "0s") },
        { requiredKeys: ["trigger"], noNullPrototype: true },
      ),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  mutations: [
    { name: "another limit", apply: set("useLimit", 77_777), expect: "update", path: "useLimit" },
    { name: "another name", apply: set("name", "another name"), expect: "update", path: "name" },
    { name: "another adopted value", apply: set("adoptValue", "another-value"), expect: "update", path: "adoptValue" },
  ],
};

const organization: ResourceGenerator = {
  inputs: fc.record(
    {
      name: fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((number) => `o-${number.toString(36)}`),
      description: distinctText(),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  mutations: [
    { name: "another description", apply: set("description", "another one"), expect: "update", path: "description" },
    { name: "another name", apply: set("name", "another-name"), expect: "replace", path: "name" },
  ],
};

function bundleOf(folder: string, packages: readonly Package[]): ResourceGenerator {
  const some = fc.subarray([...packages], { minLength: 1 });
  const files = some.map((chosen) => ({
    files: chosen.map(({ name: file, sha256 }) => ({ path: join(folder, file), sha256 })),
  }));
  const checksums = some.map((chosen) => ({
    folder,
    checksums: chosen.map(({ name: file, sha256 }) => `${sha256}  ${file}\n`).join(""),
  }));
  return {
    inputs: fc
      .tuple(
        fc.record({ name, load: fc.boolean() }, { requiredKeys: [], noNullPrototype: true }),
        fc.oneof(files, checksums),
      )
      .map(([named, source]): JsonMap => ({ ...named, ...source })),
    mutations: [{ name: "another name", apply: set("name", "another bundle"), expect: "update", path: "name" }],
  };
}

/** Configurations that are only saved: what they do to machines is for the tests on real hosts. */
function configurationOf(silentPort: number): ResourceGenerator {
  const list = (...items: readonly string[]) => fc.subarray([...items], { minLength: 1 });
  return {
    inputs: fc.record(
      {
        name,
        enabled: fc.constant(false),
        targets: fc.oneof(
          fc.record({ ipRanges: list("127.0.0.1-127.0.0.9", "192.168.2-5.1-200", "10.0.0.0/30") }, plain),
          fc
            .record({ hostnames: list("web[01-20].example", "db.example"), exclude: fc.constant("db.example") }, plain)
            .filter(({ hostnames }) => hostnames.includes("web[01-20].example")),
          fc.record({ ips: fc.constantFrom("127.0.0.1, ::1", "127.0.0.2") }, plain),
        ),
        server: fc.record({ name: fc.constantFrom("kbox.example", "localhost") }, plain),
        agent: fc.record(
          {
            bundle: distinctText(),
            token: distinctText(),
            version: fc.constantFrom("14.1.19", "14.2"),
            exact: fc.constant(false),
            deniedVersions: fc.constantFrom([], ["14.0.1", "14.0.2"]),
          },
          { requiredKeys: ["bundle"], noNullPrototype: true },
        ),
        dns: fc.record({ lookup: fc.boolean(), nameServer: fc.constant("127.0.0.53") }, plain),
        linux: fc.record(
          {
            username: distinctText(),
            password: distinctText(),
            port: fc.constantFrom(22, 2222),
            become: fc.record({ method: fc.constantFrom("sudo", "su"), password: distinctText() }, plain),
            requiredPorts: fc.constantFrom([22], [80, 443]),
          },
          { requiredKeys: ["password"], noNullPrototype: true },
        ),
        rollout: fc.record(
          { maxConcurrency: fc.constantFrom(1, "10%"), maxFailures: fc.constantFrom(0, 5, "2.5%") },
          plain,
        ),
        state: fc.constantFrom("present", "removed"),
        // Not "uninstall": a create that was ended may have touched machines, so its deletion would look for them.
        onDestroy: fc.constant("abandon"),
        probe: fc.constantFrom("always", "onRefresh"),
        schedule: fc.constantFrom<JsonMap>(
          { every: "15 minutes" },
          { every: "monday", at: "2:30 AM" },
          { every: "month", day: 31, at: "23:59", timezone: "Europe/Berlin" },
          { every: "february", day: 29, at: "12:00 PM", timezone: "UTC" },
        ),
      },
      { requiredKeys: ["enabled", "targets", "agent", "linux"], noNullPrototype: true },
    ),
    mutations: [
      { name: "another target", apply: set("targets", { ips: ["127.0.0.77"] }), expect: "update" },
      {
        name: "a new order of a set",
        apply: (inputs) => ({ ...inputs, agent: { bundle: "b", deniedVersions: ["14.0.2", "14.0.1"] } }),
        expect: "update",
      },
      {
        name: "another schedule",
        apply: set("schedule", { every: "day", at: "03:33", timezone: "Asia/Tokyo" }),
        expect: "update",
      },
      {
        name: "what becomes of the agents",
        apply: set("onDestroy", "uninstall"),
        expect: "update",
        path: "onDestroy",
      },
    ],
    refreshedFrom:
      "the machines themselves: a store that was lost must not make a program forget them, and its next update records the configuration again",
    lingering: [
      {
        operation: "create",
        apply: (inputs) => ({
          ...inputs,
          enabled: true,
          state: "removed",
          targets: { ips: ["127.0.0.1"] },
          linux: { password: "nobody-asks", port: silentPort, connectTimeout: "1h", authTimeout: "1h" },
        }),
      },
    ],
  };
}

/** Arguments that keep functions on this machine: what a schema lets one guess would be looked for in the network. */
const functionArguments: NonNullable<SubjectOptions["functionArguments"]> = {
  "kace:index:checkPrerequisites": fc.record(
    {
      platform: fc.constant("windows"),
      targets: fc.record({ ips: fc.constantFrom("127.0.0.1", "127.0.0.1, 127.0.0.2") }, plain),
      portScanTimeout: fc.constant("500ms"),
    },
    { requiredKeys: ["platform", "targets"], noNullPrototype: true },
  ),
  "kace:index:diagnose": fc.record(
    {
      machine: distinctText(),
      server: fc.record({ name: fc.constant("localhost"), port: fc.constantFrom(1, 2) }, plain),
      token: distinctText(),
      timeout: fc.constant("1s"),
    },
    { requiredKeys: ["machine", "server"], noNullPrototype: true },
  ),
  "kace:index:pickMachines": fc.oneof(
    fc.record(
      {
        from: fc.constant("range"),
        targets: fc.record({ ipRanges: fc.constantFrom("192.168.2-5.1-200", "10.0.0.0/30") }, plain),
        filter: distinctText(),
        limit: fc.constantFrom(0, 1),
      },
      { requiredKeys: ["from", "targets"], noNullPrototype: true },
    ),
    fc.record(
      { from: fc.constant("inventory"), filter: distinctText() },
      { requiredKeys: ["from"], noNullPrototype: true },
    ),
  ),
  "kace:index:getNextRuns": fc.record(
    {
      schedule: fc.constantFrom<JsonMap>(
        { every: "2 hours" },
        { every: "day", at: "02:30", timezone: "Europe/Berlin" },
      ),
      count: fc.integer({ min: 1, max: 20 }),
      after: fc.constantFrom("2027-03-01T00:00:00Z", "2028-02-29T12:00:00+01:00"),
    },
    { requiredKeys: ["schedule"], noNullPrototype: true },
  ),
  "kace:index:scanNetwork": fc.record(
    {
      targets: fc.record({ ips: fc.constantFrom("127.0.0.1", "127.0.0.1, 127.0.0.2") }, plain),
      ports: fc.constantFrom([1], [1, 2]),
      portScanTimeout: fc.constant("1s"),
      dns: fc.record({ lookup: fc.constant(false) }, plain),
    },
    plain,
  ),
};
