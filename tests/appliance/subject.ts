import type { Appliance } from "../../provider/appliance/appliance.ts";

/** An appliance that a test may do anything to, and the clock it goes by. */
export interface Subject {
  readonly appliance: Appliance;
  /** Sets the clock of the appliance forward. */
  advance(ms: number): void;
  /** Sets the load average of the appliance's host, which is 0.5 at first. */
  setLoad(load: number): void;
  /** Closes the appliance and takes down what was set up for it. */
  dispose(): Promise<void>;
}
