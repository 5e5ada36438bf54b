import { hostname, userInfo } from "node:os";

/** Who works with an appliance from here, as the history names them. @example thisUser() // "ann@ci-7" */
export function thisUser(): string {
  return `${userName()}@${hostname()}`;
}

/** A user id without an entry in the system's list of users, as containers have, is no error. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return "unknown user";
  }
}
