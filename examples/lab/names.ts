import { join } from "node:path";

/** Where all labs of this machine keep what lives as long as they do. */
export const LABS_FOLDER = "/run/pulumi-kace-lab";

/** What a lab calls its things on the controller. All can be found again by the prefix alone, after a crash too. */
export interface LabNames {
  readonly prefix: string;
  /** Everything of the lab: its record, its keys, and below it all its mounts. */
  readonly folder: string;
  readonly bridge: string;
  /** Of network namespaces, cgroups and machines alike: `kl-<prefix>-<host>`. */
  readonly hostPrefix: string;
}

export function namesOf(prefix: string): LabNames {
  return { prefix, folder: join(LABS_FOLDER, prefix), bridge: `klb-${prefix}`, hostPrefix: `kl-${prefix}-` };
}

/** The outer end of a host's cable; interface names have 15 characters at most. */
export function cableOf(names: LabNames, index: number): string {
  return `kl${index}-${names.prefix}`;
}

/** The folder of a host on the controller. */
export function hostFolder(names: LabNames, host: string): string {
  return join(names.folder, "hosts", host);
}

/** The file system that holds the writable layers. */
export function layersFolder(names: LabNames): string {
  return join(names.folder, "layers");
}

/** The variable that marks every process a lab starts on the controller, with the prefix as its value. */
export const MARK = "KACE_LAB";
