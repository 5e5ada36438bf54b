import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import type { Project } from "../e2e/project.ts";

/** Looks at, or works on, the appliance in a project's world behind the project's back. */
export async function using<T>(project: Project, work: (appliance: LocalAppliance) => Promise<T>): Promise<T> {
  const appliance = await openLocal({ folder: project.world, who: "somebody else" });
  try {
    return await work(appliance);
  } finally {
    await appliance.close();
  }
}
