import * as z from "zod";
import { ProviderError } from "../../kit/define/errors.ts";
import { type Inputs, inputs as inputsSchema } from "./inputs.ts";

/** What the provider that a program used says of every run, whatever the configuration says. */
export interface ProviderLimits {
  /** The most machines that are worked on at once; no limit of its own where undefined. */
  readonly maxConcurrency: number | undefined;
}

/** A configuration as its runs need it. */
export interface RunInputs {
  readonly inputs: Inputs;
  readonly limits: ProviderLimits;
}

/** Beside the inputs, under a name that none of them has; versions before had none. */
const limitsText = z.object({
  provider: z.object({ maxConcurrency: z.int().min(1).optional() }).optional(),
});

/**
 * What the appliance keeps of a configuration with a schedule, so that it can run it by itself: the inputs with what
 * they log in with, and the limits of the provider, as JSON. Undefined without a schedule: then nothing is kept. The
 * socket of an ssh agent is left out, because it is gone when the user who opened it is.
 */
export function runInputsOf({ inputs, limits: { maxConcurrency } }: RunInputs): string | undefined {
  if (inputs.schedule === undefined) return undefined;
  const { linux, ...rest } = inputs;
  const provider: z.input<typeof limitsText>["provider"] = { maxConcurrency };
  if (linux === undefined) return JSON.stringify({ ...rest, provider });
  const { agentSocket: _socket, ...logIn } = linux;
  const jumpHosts = linux.jumpHosts.map(({ agentSocket: _socket, ...jump }) => jump);
  return JSON.stringify({ ...rest, linux: { ...logIn, jumpHosts }, provider });
}

/** Reads what {@link runInputsOf} wrote. @throws ProviderError `failed-precondition` for what another version wrote */
export function readRunInputs(text: string): RunInputs {
  const given: unknown = JSON.parse(text);
  const inputs = inputsSchema.safeParse(given);
  const limits = limitsText.safeParse(given);
  if (inputs.success && limits.success)
    return { inputs: inputs.data, limits: { maxConcurrency: limits.data.provider?.maxConcurrency } };
  // What is wrong is not repeated: it may hold a secret.
  throw new ProviderError({
    code: "failed-precondition",
    message: "what is kept of the configuration is of another version of pulumi-kace",
    hint: "run `pulumi up` once with this version",
  });
}
