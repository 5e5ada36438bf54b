import { randomBytes } from "node:crypto";
import { loadavg } from "node:os";
import type * as z from "zod";
import type { Appliance, Caller, OperationMethods, Output, PackageContent } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import { type OperationName, operationNames, operations } from "../operations/table.ts";
import { systemTimezone } from "../schedules/next-runs.ts";
import { wrongInput } from "../wrong-input.ts";
import { apiTokenHandlers } from "./api-tokens.ts";
import { authorityHandlers } from "./authorities.ts";
import { loadingHandlers } from "./bundle-loading.ts";
import { bundleHandlers, collectGarbage, hasContent, recordContent } from "./bundles.ts";
import { configurationHandlers } from "./configurations.ts";
import { type Database, hasAppliance, noAppliance } from "./database.ts";
import { deviceHandlers } from "./devices.ts";
import type { Handler, HandlersOf } from "./handlers.ts";
import { historyHandlers } from "./history.ts";
import { hostKeyHandlers } from "./host-keys.ts";
import { keptTo } from "./kept-queries.ts";
import { labelHandlers } from "./labels.ts";
import { messageHandlers } from "./messages.ts";
import { migrations as allMigrations, type Migration } from "./migrations.ts";
import { noOrganization, organizationHandlers } from "./organizations.ts";
import { outcomeHandlers } from "./outcomes.ts";
import { noContent, PackageFolder } from "./package-folder.ts";
import { hasEnded } from "./process-identity.ts";
import { quarantineHandlers } from "./quarantine.ts";
import { build } from "./query.ts";
import { ReadOnlyDatabase } from "./read-only-database.ts";
import { runHandlers } from "./runs.ts";
import { scheduleHandlers } from "./schedule-handlers.ts";
import { unsealRunInputs } from "./schedules.ts";
import { scriptHandlers } from "./scripts.ts";
import { serverHandlers } from "./server.ts";
import { requireNoServer } from "./serving.ts";
import { settingsHandlers } from "./settings.ts";
import { statisticsHandlers } from "./statistics.ts";
import { QUARANTINE_LIMIT } from "./strangers.ts";
import { taskPackageHandlers } from "./task-packages.ts";
import { taskHandlers } from "./tasks.ts";
import { thisUser } from "./this-user.ts";
import { tokenHandlers } from "./tokens.ts";
import type { Transaction, World } from "./transaction.ts";
import { updatePolicyHandlers } from "./update-policy.ts";
import { updateHandlers } from "./updates.ts";
import { openWritable } from "./writable-database.ts";

/** How long an operation waits for other processes that write. */
const LOCK_WAIT_MS = 10_000;

export interface LocalOptions extends Partial<World> {
  /** Where the database, its key and the packages are; made where it is not there. */
  readonly folder: string;
  /** Nothing is written or made, not even the folder; what is not there reads as empty. Default false. */
  readonly readOnly?: boolean;
  /** Refuses a folder that has no appliance, and makes nothing there. Default false. */
  readonly mustExist?: boolean;
  /** Whom the history names. Default: the user and the host. */
  readonly who?: string;
  /** How long to wait for other processes that write. Default 10 s. */
  readonly lockWaitMs?: number;
  /** The steps of the schema; tests give others. */
  readonly migrations?: readonly Migration[];
}

/** An appliance in a folder of this machine. */
export interface LocalAppliance extends Appliance {
  readonly folder: string;
  /**
   * What a run of a configuration needs, with what it logs in with, as JSON: for whoever runs it here. No operation
   * gives it, so that it never leaves this machine.
   * @throws ApplianceError `conflict` where the configuration has no schedule, so that nothing is kept
   */
  runInputs(configurationId: string): Promise<string>;
  /** The same appliance on behalf of somebody else; closing it closes nothing. */
  actingAs(caller: Caller): Appliance;
}

/** How every operation is done here: the compiler sees that none is missing. */
const handlers: HandlersOf<typeof operations, "recordInventory"> = {
  ...tokenHandlers,
  ...bundleHandlers,
  ...loadingHandlers,
  ...updateHandlers,
  ...hostKeyHandlers,
  ...configurationHandlers,
  ...scheduleHandlers,
  ...runHandlers,
  ...outcomeHandlers,
  ...deviceHandlers,
  ...labelHandlers,
  ...quarantineHandlers,
  ...messageHandlers,
  ...taskHandlers,
  ...taskPackageHandlers,
  ...scriptHandlers,
  ...historyHandlers,
  ...serverHandlers,
  ...authorityHandlers,
  ...organizationHandlers,
  ...statisticsHandlers,
  ...settingsHandlers,
  ...apiTokenHandlers,
  ...updatePolicyHandlers,
};

/**
 * Opens the appliance in a folder. Several processes may have it open at once.
 *
 * @throws ApplianceError `not-found` by {@link LocalOptions.mustExist}, `conflict` where the database is of an older version
 *   and a server of that one runs, `locked`, `read-only`, `newer-version`, `corrupt`, `disk-full`, `permission-denied`
 * @example const appliance = await openLocal({ folder: "/var/lib/pulumi-kace" });
 */
export async function openLocal(options: LocalOptions): Promise<LocalAppliance> {
  const {
    folder,
    readOnly = false,
    mustExist = false,
    lockWaitMs = LOCK_WAIT_MS,
    migrations = allMigrations,
  } = options;
  if (mustExist && !hasAppliance(folder)) throw noAppliance(folder);
  let { timezone } = options;
  const world: World = {
    now: options.now ?? Date.now,
    randomBytes: options.randomBytes ?? randomBytes,
    hasEnded: options.hasEnded ?? hasEnded,
    // Asked for only where a schedule or a policy is: what is known of all time zones takes 7 MB of memory.
    get timezone() {
      timezone ??= systemTimezone();
      return timezone;
    },
    loadAverage: options.loadAverage ?? (() => loadavg()[0] ?? 0),
    quarantineLimit: options.quarantineLimit ?? QUARANTINE_LIMIT,
  };
  const database = readOnly
    ? new ReadOnlyDatabase({ folder, mustExist, lockWaitMs, migrations })
    : await openWritable({
        folder,
        mustExist,
        lockWaitMs,
        now: world.now(),
        migrations,
        beforeMigration: (connection) => requireNoServer(connection, world),
      });
  const store = new Store(database, new PackageFolder(folder), world);
  const close = async () => store.close();
  return {
    folder,
    ...store.actingAs({ who: options.who ?? thisUser() }),
    close,
    runInputs: (id) => store.runInputs(id),
    actingAs: (caller) => ({ ...store.actingAs(caller), close: async () => undefined }),
  };
}

/** What may leave packages that nothing has any more. */
const MAKES_GARBAGE: ReadonlySet<OperationName> = new Set([
  "saveBundle",
  "deleteBundle",
  "saveDownload",
  "deleteDownload",
]);

type Work<Name extends OperationName> = (tx: Transaction) => Output<Name>;

/** On whose behalf something is done, and what. */
interface About {
  readonly caller: Caller;
  readonly what: string;
  /** The organization that the input names. */
  readonly named?: string | undefined;
}

class Store {
  readonly #database: Database;
  readonly #packages: PackageFolder;
  readonly #world: World;
  #closed = false;

  constructor(database: Database, packages: PackageFolder, world: World) {
    this.#database = database;
    this.#packages = packages;
    this.#world = world;
  }

  actingAs(caller: Caller): Omit<Appliance, "close"> {
    const methods = operationNames.map((name) => [name, (input: unknown) => this.#perform(name, input, caller)]);
    return {
      ...(Object.fromEntries(methods) as OperationMethods), // Object.fromEntries forgets which keys there were
      putPackage: (sha256, sizeBytes, content) => this.#putPackage(sha256, sizeBytes, content, caller),
      openPackage: (sha256) => this.#openPackage(sha256, caller),
    };
  }

  runInputs(configurationId: string): Promise<string> {
    const about = { caller: { who: "" }, what: "runInputs" };
    return this.#transact("read", about, (tx) => unsealRunInputs(tx, configurationId));
  }

  close(): void {
    this.#closed = true;
    this.#database.close();
  }

  // Does not await, so that what waits for the disk does not hold the input, of which there may be much.
  async #perform<Name extends OperationName>(name: Name, given: unknown, caller: Caller): Promise<Output<Name>> {
    const operation = operations[name];
    const parsed = operation.input.safeParse(inOwnOrganization(given, operation.input, caller));
    if (!parsed.success) throw wrongInput(name, parsed.error);
    const input = parsed.data;
    const named = "organization" in input ? input.organization : undefined;
    return this.#finish(name, { caller, what: name, named }, workOf(name, input));
  }

  async #finish<Name extends OperationName>(
    name: Name,
    about: About,
    prepared: Work<Name> | Promise<Work<Name>>,
  ): Promise<Output<Name>> {
    const { caller, named } = about;
    const work = await prepared;
    const result = await this.#transact(operations[name].access, about, (tx) => {
      if (named !== undefined) requireOrganization(tx, named);
      return work(tx);
    });
    if (MAKES_GARBAGE.has(name)) {
      // Of a content it counts which bundles have it, whosever they are.
      await this.#transact("write", { caller: { who: caller.who }, what: name }, collectGarbage);
    }
    return result;
  }

  #transact<Result>(
    access: "read" | "write",
    { caller, what, named }: About,
    work: (tx: Transaction) => Result,
  ): Promise<Result> {
    this.#requireOpen();
    const { who, organization: within } = caller;
    return this.#database[access](({ queries, keys }) =>
      work({
        // The one place where it is decided what a caller can see and change.
        queries: within === undefined ? queries : queries.rewritten(keptTo(within)),
        keys,
        world: this.#world,
        now: this.#world.now(),
        who,
        within,
        named,
        what,
        packages: this.#packages,
      }),
    );
  }

  async #putPackage(
    sha256: string,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    caller: Caller,
  ): Promise<void> {
    const about = { caller, what: "putPackage" };
    // Also what refuses an appliance that was opened to read only.
    const present = await this.#transact("write", about, (tx) => {
      const here = tx.packages.sizeOf(sha256) === sizeBytes && (tx.within === undefined || hasContent(tx, sha256));
      if (here) recordContent(tx, sha256, sizeBytes);
      return here;
    });
    if (present) return;
    await this.#packages.put(sha256, sizeBytes, content);
    await this.#transact("write", about, (tx) => recordContent(tx, sha256, sizeBytes));
  }

  async #openPackage(sha256: string, caller: Caller): Promise<PackageContent> {
    this.#requireOpen();
    if (caller.organization !== undefined) {
      await this.#transact("read", { caller, what: "openPackage" }, (tx) => {
        if (!hasContent(tx, sha256)) throw noContent(sha256);
      });
    }
    return this.#packages.open(sha256);
  }

  #requireOpen(): void {
    if (this.#closed) throw new ApplianceError({ code: "unavailable", message: "the appliance has been closed" });
  }
}

/** What an operation does within its transaction. */
function workOf<Name extends OperationName>(name: Name, input: unknown): Work<Name> | Promise<Work<Name>> {
  const handler = handlers[name] as // it takes what was just parsed
    | ((tx: Transaction, input: unknown) => Output<Name>)
    | { prepare(input: unknown): Promise<Work<Name>> };
  return "prepare" in handler ? handler.prepare(input) : (tx) => handler(tx, input);
}

/** Whoever is kept to an organization means that one where they name none. */
function inOwnOrganization(given: unknown, schema: z.ZodObject, { organization }: Caller): unknown {
  const isOpen = organization !== undefined && "organization" in schema.shape;
  if (!isOpen || typeof given !== "object" || given === null || Array.isArray(given)) return given;
  return "organization" in given && given.organization !== undefined ? given : { ...given, organization };
}

function requireOrganization(tx: Transaction, organization: string): void {
  const query = build.selectFrom("organizations").select("name").where("name", "=", organization);
  if (tx.queries.first(query) === undefined) throw noOrganization(organization);
}

export type { Handler };
