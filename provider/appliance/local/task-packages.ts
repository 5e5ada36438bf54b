import { ApplianceError } from "../errors.ts";
import { PACKAGE_PART_BYTES, type taskPackageOperations } from "../operations/task-packages.ts";
import { TASK_PAYLOADS } from "../operations/task-types.ts";
import type { HandlersOf } from "./handlers.ts";
import { noContent } from "./package-folder.ts";
import { build } from "./query.ts";
import { scriptFor } from "./scripts.ts";
import { payloadReader } from "./task-rows.ts";

export const taskPackageHandlers: HandlersOf<typeof taskPackageOperations> = {
  readTaskPackage(tx, { kuid, taskId, sha256, offset }) {
    const task = tx.queries.first(
      build
        .selectFrom("tasks")
        .select(["type", "state", "payload_id"])
        .where("id", "=", taskId)
        .where("kuid", "=", kuid),
    );
    // One and the same answer for all that is not the device's own, so that it cannot find out what there is.
    if (task === undefined || task.state !== "running") throw notOfTask(taskId);
    if (task.type === "scripting-update") {
      const script = scriptFor(tx, kuid, sha256);
      if (script === undefined) throw notOfTask(taskId);
      const part = script.subarray(offset, offset + PACKAGE_PART_BYTES);
      return { sizeBytes: script.length, data: part.toString("base64") };
    }
    if (task.type !== "self-update") throw notOfTask(taskId);
    const order = TASK_PAYLOADS["self-update"].safeParse(payloadReader(tx)(task.payload_id));
    const named = order.success ? [order.data.sha256, order.data.rollback?.sha256] : [];
    if (!named.includes(sha256)) throw notOfTask(taskId);
    const part = tx.packages.readPart(sha256, offset, PACKAGE_PART_BYTES);
    if (part === undefined) throw noContent(sha256);
    return { sizeBytes: part.sizeBytes, data: part.data.toString("base64") };
  },
};

function notOfTask(taskId: string): ApplianceError {
  return new ApplianceError({
    code: "permission-denied",
    message: `no update "${taskId}" of this device that runs has this package`,
    hint: "a device is given only what its own running update names",
  });
}
