import { type ErrorCode, ProviderError } from "../kit/define/errors.ts";
import type { Path } from "../kit/define/path.ts";
import type { Appliance } from "./appliance.ts";
import { ApplianceError, type ApplianceErrorCode } from "./errors.ts";

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
  /** How many machines any rollout may work on at once, whatever its own limit says. */
  readonly maxConcurrency: number | undefined;
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

/** Opens an appliance, read-only or not. */
export type OpenAppliance = (mode: { readonly readOnly: boolean }) => Promise<Appliance>;

/** {@link ApplianceAccess} over a way to open the appliance. */
export function accessTo(
  open: OpenAppliance,
  about: Pick<ApplianceAccess, "endpoint" | "isLocal" | "maxConcurrency">,
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
  return { ...about, read: (work) => using(true, work), write: (work) => using(false, work) };
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

/** An appliance's error as the kit's; `path` names the property that is at fault where one is. */
export function providerErrorOf(error: ApplianceError, path?: Path): ProviderError {
  return new ProviderError({ code: CODES[error.code], message: error.message, hint: error.hint, path, cause: error });
}
