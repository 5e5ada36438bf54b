import { ApplianceError } from "../appliance/errors.ts";

/** What an appliance has, or undefined where it says that there is no such thing. @throws whatever else goes wrong */
export async function foundOrGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApplianceError && error.code === "not-found") return undefined;
    throw error;
  }
}
