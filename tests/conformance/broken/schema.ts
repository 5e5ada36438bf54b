export const NOTE = "broken:index:Note";
export const SHOUT = "broken:index:shout";

const inputs = {
  text: { type: "string" },
  name: { type: "string" },
  color: { type: "string", willReplaceOnChanges: true },
  secret: { type: "string", secret: true },
  tags: { type: "array", items: { type: "string" } },
  linger: { type: "string" },
  crash: { type: "string" },
};

/** What the provider beside this says of itself. */
export const SCHEMA = {
  name: "broken",
  version: "0.1.0",
  resources: {
    [NOTE]: {
      inputProperties: inputs,
      requiredInputs: ["text"],
      properties: { ...inputs, length: { type: "integer" } },
      required: ["text", "name", "length"],
    },
  },
  functions: {
    [SHOUT]: {
      inputs: { properties: { text: { type: "string" } }, required: ["text"] },
      outputs: { properties: { loud: { type: "string" } }, required: ["loud"] },
    },
  },
} as const;
