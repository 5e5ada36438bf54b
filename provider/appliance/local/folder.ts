import { posix, win32 } from "node:path";

/** What decides where data of a user lives. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder of the user. */
  readonly home: string;
}

const NAME = "pulumi-kace";

/**
 * The folder of the local appliance where none is configured: by the XDG base directories, on macOS in Application
 * Support, on Windows in the user's local application data.
 *
 * @example defaultFolder({ platform: "linux", env: {}, home: "/home/ann" }) // "/home/ann/.local/share/pulumi-kace"
 */
export function defaultFolder({ platform, env, home }: Surroundings): string {
  if (platform === "win32") {
    const local = env.LOCALAPPDATA;
    return win32.join(local === undefined || local === "" ? win32.join(home, "AppData", "Local") : local, NAME);
  }
  const xdg = env.XDG_DATA_HOME;
  // The specification: a path that is not absolute is to be ignored.
  if (xdg !== undefined && posix.isAbsolute(xdg)) return posix.join(xdg, NAME);
  return platform === "darwin"
    ? posix.join(home, "Library", "Application Support", NAME)
    : posix.join(home, ".local", "share", NAME);
}
