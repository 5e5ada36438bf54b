import { type ErrorCode, ProviderError } from "../kit/define/errors.ts";
import type { Path } from "../kit/define/path.ts";
import type { Appliance } from "./appliance.ts";
import { BundlesToCome } from "./bundles-to-come.ts";
import { ApplianceError, type ApplianceErrorCode } from "./errors.ts";
import { DEFAULT_ORGANIZATION } from "./operations/fields.ts";
import { ProgramNames } from "./program-names.ts";

/**
 * How resources and functions come to their appliance: it is opened for a piece of work and given back after it, so
 * that a plugin which waits for the engine holds no file and no connection.
 *
 * @example const token = await access.read((appliance) => appliance.getToken({ id }));
 */
export interface ApplianceAccess {
  /** `local`, or the address of a `kace serve`, as the configuration says it. */
  readonly endpoint: string;
  /** True where the appliance is a folder of this machine. */
  readonly isLocal: boolean;
  /** Which appliance it is: its folder, or its address. */
  place(): string;
  /** How many machines any rollout may work on at once, whatever its own limit says. */
  readonly maxConcurrency: number | undefined;
  /** The names that the resources of the running program have here. */
  readonly names: ProgramNames;
  /** The bundles that the update which is previewed changes. */
  readonly bundles: BundlesToCome;
  /**
   * Whose things are meant where no organization is named, and whose may be named. The appliance is asked once.
   * @throws ProviderError where it does not answer
   */
  reach(): Promise<Reach>;
  /**
   * Work that writes nothing: an appliance that does not exist yet reads as empty, and stays so.
   * @throws ProviderError for every fault of the appliance
   */
  read<T>(work: (appliance: Appliance) => Promise<T>): Promise<T>;
  /**
   * Work that may write.
   * @throws ProviderError for every fault of the appliance
   */
  write<T>(work: (appliance: Appliance) => Promise<T>): Promise<T>;
}

/** Which organizations are open to those who use an appliance. */
export interface Reach {
  /** The one that is meant where none is named. */
  readonly organization: string;
  /** The only one that their API token is for; absent where all are open to them. */
  readonly only?: string | undefined;
}

/** Opens an appliance, read-only or not. */
export type OpenAppliance = (mode: { readonly readOnly: boolean }) => Promise<Appliance>;

/** {@link ApplianceAccess} over a way to open the appliance. */
export function accessTo(
  open: OpenAppliance,
  about: Pick<ApplianceAccess, "endpoint" | "isLocal" | "maxConcurrency"> & {
    /** Where that is not the endpoint. */
    readonly place?: () => string;
    /** What the configuration says; default: the one of the API token, or `default`. */
    readonly organization?: string | undefined;
  },
): ApplianceAccess {
  const using = async <T>(readOnly: boolean, work: (appliance: Appliance) => Promise<T>): Promise<T> => {
    try {
      const appliance = await open({ readOnly });
      try {
        return await work(appliance);
      } finally {
        await appliance.close();
      }
    } catch (error) {
      throw error instanceof ApplianceError ? providerErrorOf(error) : error;
    }
  };
  const { organization, place = () => about.endpoint, ...rest } = about;
  const read: ApplianceAccess["read"] = (work) => using(true, work);
  let asking: Promise<Reach> | undefined;
  const reach = async (): Promise<Reach> => {
    // A folder of this machine is open as a whole.
    if (about.isLocal) return { organization: organization ?? DEFAULT_ORGANIZATION };
    asking ??= read(onlyOrganization).then((only) => ({
      organization: organization ?? only ?? DEFAULT_ORGANIZATION,
      only,
    }));
    try {
      return await asking;
    } catch (error) {
      asking = undefined; // it may answer the next time
      throw error;
    }
  };
  return {
    ...rest,
    place,
    names: new ProgramNames(),
    bundles: new BundlesToCome(),
    reach,
    read,
    write: (work) => using(false, work),
  };
}

/** The organization that a caller is kept to: whoever is not sees the one that there always is. */
async function onlyOrganization(appliance: Appliance): Promise<string | undefined> {
  const { organizations } = await appliance.listOrganizations({});
  return organizations.some(({ name }) => name === DEFAULT_ORGANIZATION) ? undefined : organizations[0]?.name;
}

const CODES: Readonly<Record<ApplianceErrorCode, ErrorCode>> = {
  "not-found": "not-found",
  conflict: "conflict",
  invalid: "invalid-input",
  locked: "unavailable",
  "read-only": "permission-denied",
  "newer-version": "failed-precondition",
  corrupt: "failed-precondition",
  "disk-full": "exhausted",
  unavailable: "unavailable",
  unauthenticated: "unauthenticated",
  "permission-denied": "permission-denied",
  "too-many-requests": "unavailable",
  unsupported: "unsupported",
  "not-now": "failed-precondition",
};

/** An appliance's error as the kit's. @param given the property at fault, where that is not what the appliance says */
export function providerErrorOf(error: ApplianceError, given?: Path): ProviderError {
  const { code, hint, problems = [] } = error;
  const [only, ...others] = problems;
  const atProperty = given === undefined && only !== undefined && only.path.length > 0 && others.length === 0;
  const { path, message } = atProperty ? only : { path: given, message: error.message };
  return new ProviderError({ code: CODES[code], message, hint, path, cause: error });
}
