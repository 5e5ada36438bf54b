import * as z from "zod";

/**
 * `ready`: waits for its time, its machine or its turn. `expired`: its machine was not there in time. `timed-out`: its
 * agent ended it when its time was up, or never said what became of it.
 */
export const taskState = z.enum(["ready", "running", "completed", "failed", "timed-out", "cancelled", "expired"]);

export type TaskState = z.output<typeof taskState>;

/** The views of the vendor's page of agent tasks. */
export const taskView = z.enum(["in-progress", "ready-connected", "ready", "longer-than-10-minutes"]);

export type TaskView = z.output<typeof taskView>;
