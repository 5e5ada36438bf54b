import type { Measurement } from "../bench.ts";
import { processorMs } from "../plugin-process.ts";
import type { DriverAnswer } from "./load-driver.ts";

/** How quickly a server did something, and what that cost it. */
export interface Pace {
  readonly perSecond: number;
  /** Of the server alone: what else the machine does, the driver included, is not in it. */
  readonly processorMs: number;
}

/** Lets a driver work and says how the server kept up, which did `count` of something. */
export async function paceOf(
  { pid }: { readonly pid: number },
  count: number,
  work: () => Promise<DriverAnswer>,
): Promise<Pace> {
  const before = await processorMs(pid);
  const { seconds } = await work();
  const after = await processorMs(pid);
  if (before === undefined || after === undefined) throw new Error("processor time is read from /proc");
  return { perSecond: count / seconds, processorMs: (after - before) / count };
}

/** Both sides' pace, and the processor time beside it, which tells whether it is the server that is the slower one. */
export function paceMeasurements(
  what: string,
  {
    ours,
    yardstick,
    atLeast,
  }: { readonly ours: readonly Pace[]; readonly yardstick: readonly Pace[]; readonly atLeast: number },
): Measurement[] {
  return [
    {
      what,
      unit: "per s",
      ours: ours.map(({ perSecond }) => perSecond),
      yardstick: yardstick.map(({ perSecond }) => perSecond),
      target: { of: "ratio", bound: "at least", value: atLeast },
    },
    {
      what: "the server's processor time for each",
      unit: "ms",
      ours: ours.map((pace) => pace.processorMs),
      yardstick: yardstick.map((pace) => pace.processorMs),
    },
  ];
}
