import { ProviderError } from "../../kit/define/errors.ts";
import { type Inputs, inputs as inputsSchema } from "./inputs.ts";

/**
 * What the appliance keeps of a configuration with a schedule, so that it can run it by itself: the inputs with what
 * they log in with, as JSON. Undefined without a schedule: then nothing is kept. The socket of an ssh agent is left out,
 * because it is gone when the user who opened it is.
 */
export function runInputsOf(inputs: Inputs): string | undefined {
  if (inputs.schedule === undefined) return undefined;
  const { linux, ...rest } = inputs;
  if (linux === undefined) return JSON.stringify(rest);
  const { agentSocket: _socket, ...logIn } = linux;
  const jumpHosts = linux.jumpHosts.map(({ agentSocket: _socket, ...jump }) => jump);
  return JSON.stringify({ ...rest, linux: { ...logIn, jumpHosts } });
}

/** Reads what {@link runInputsOf} wrote. @throws ProviderError `failed-precondition` for what another version wrote */
export function readRunInputs(text: string): Inputs {
  const read = inputsSchema.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  // What is wrong is not repeated: it may hold a secret.
  throw new ProviderError({
    code: "failed-precondition",
    message: "what is kept of the configuration is of another version of pulumi-kace",
    hint: "run `pulumi up` once with this version",
  });
}
