import * as pulumi from "@pulumi/pulumi";

/** Resources of the fixture provider as its generated SDK would have them, without types for every property. */

export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: pulumi.Inputs = {}, options: pulumi.ResourceOptions = {}) {
    super("fixture", name, args, options);
  }
}

export class Thing extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly text: pulumi.Output<string>;
  declare readonly revision: pulumi.Output<number>;
  declare readonly owner: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly location: pulumi.Output<{ readonly url: string }>;

  constructor(name: string, args: pulumi.Inputs = {}, options: pulumi.CustomResourceOptions = {}) {
    const outputs = { name: undefined, text: undefined, revision: undefined, owner: undefined, digest: undefined };
    super("fixture:index:Thing", name, { ...outputs, location: undefined, ...args }, options);
  }
}

export class Note extends pulumi.CustomResource {
  declare readonly text: pulumi.Output<string>;
  declare readonly length: pulumi.Output<number>;

  constructor(name: string, args: { text: pulumi.Input<string> }, options: pulumi.CustomResourceOptions = {}) {
    super("fixture:index:Note", name, { length: undefined, ...args }, options);
  }
}

export class Faulty extends pulumi.CustomResource {
  declare readonly doubled: pulumi.Output<number>;

  constructor(name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions = {}) {
    super("fixture:index:Faulty", name, { doubled: undefined, ...args }, options);
  }
}

export class Ledger extends pulumi.CustomResource {
  declare readonly balance: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions = {}) {
    super("fixture:index:Ledger", name, { balance: undefined, ...args }, options);
  }
}

export class Pair extends pulumi.ComponentResource {
  declare readonly totalLength: pulumi.Output<number>;
  declare readonly texts: pulumi.Output<string[]>;
  declare readonly whisper: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions = {}) {
    const outputs = { totalLength: undefined, texts: undefined, whisper: undefined };
    super("fixture:index:Pair", name, { ...outputs, ...args }, options, true);
  }

  greet(greeting: pulumi.Input<string>): pulumi.Output<{ readonly text: string }> {
    return pulumi.runtime.call("fixture:index:Pair/greet", { __self__: this, greeting }, this);
  }
}

export interface Counted {
  readonly count: number;
  readonly owner: string;
  readonly preview: boolean;
}

export function countObjects(args: { type?: string } = {}, options: pulumi.InvokeOptions = {}): Promise<Counted> {
  return pulumi.runtime.invoke("fixture:index:countObjects", args, options);
}

export function countObjectsOutput(
  args: pulumi.Inputs = {},
  options: pulumi.InvokeOutputOptions = {},
): pulumi.Output<Counted> {
  return pulumi.runtime.invokeOutput("fixture:index:countObjects", args, options);
}

export function sealOutput(args: pulumi.Inputs): pulumi.Output<{ readonly seal: string; readonly length: number }> {
  return pulumi.runtime.invokeOutput("fixture:index:seal", args, {});
}
