/** The shortest interval in which anything is done regularly, in seconds. */
export const MIN_INTERVAL_SECONDS = 60;
/** The longest one: whoever wants a machine never to check in blocks it. */
export const MAX_INTERVAL_SECONDS = 30 * 86_400;
/** As long as the vendor's own text may be. */
export const MAX_SPLASH_CHARACTERS = 255;
export const MAX_TASK_THROUGHPUT = 1_000;
/** Above this load of its host an appliance does not run normally, and is not given more to do. */
export const MAX_LOAD_AVERAGE = 10;

/** When agents may check in, by the clock of each machine; an end at or before the beginning is on the next day. */
export interface CommunicationsWindow {
  readonly from: string;
  readonly to: string;
}

/**
 * True where a window is either nothing or a whole day, and nobody can say which. From 00:00 to 00:00 is the vendor's
 * own way to say "always".
 */
export function isAmbiguous({ from, to }: CommunicationsWindow): boolean {
  return from === to && from !== "00:00";
}

/** The vendor's advice, over all organizations together. */
export const DEFAULT_MAX_CHECK_INS_PER_HOUR = 500;
