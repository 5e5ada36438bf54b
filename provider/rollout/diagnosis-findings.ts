/** The way of an agent to its server, in the order in which it can break. */
export const DIAGNOSIS_STEPS = ["dns", "port", "tls", "token", "quarantine", "service"] as const;

export type DiagnosisStep = (typeof DIAGNOSIS_STEPS)[number];

/** What was found at one step; `unknown` where it could not be looked at. */
export interface Finding {
  readonly step: DiagnosisStep;
  readonly state: "right" | "wrong" | "unknown";
  readonly message: string;
  readonly hint?: string | undefined;
}

export function right(step: DiagnosisStep, message: string): Finding {
  return { step, state: "right", message };
}

export function wrong(step: DiagnosisStep, message: string, hint: string): Finding {
  return { step, state: "wrong", message, hint };
}

/** @param hint how to find it out by hand */
export function unknown(step: DiagnosisStep, message: string, hint?: string): Finding {
  return { step, state: "unknown", message, ...(hint !== undefined && { hint }) };
}
