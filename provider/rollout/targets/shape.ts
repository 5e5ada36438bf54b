import * as z from "zod";
import { describeTargetProblem, parseTargets } from "./parse-targets.ts";

const listOrText = z.union([z.string(), z.array(z.string())]);

/**
 * The property `targets` of resources and functions. Whatever is wrong with an item is a failure at that item, such
 * as `targets.ipRanges[0]`; how many targets there may be is for the owner of the property to say ({@link sizeProblem}).
 */
export const targetsShape = z
  .object({
    ipRanges: listOrText.optional().meta({
      description:
        "Ranges of addresses: by octets (`192.168.2-5.1-200`, also written with spaces: `192 168 2-5 1-200`), as networks (`10.0.0.0/24`, `fd00::/120`) or from one address to another (`10.0.0.5-10.0.1.20`). A list, or one text with commas. A silent address of a range is absent and fails nothing.",
      examples: [["192.168.2-5.1-200", "10.0.0.0/24"], "192 168 2-5 1-200"],
    }),
    ips: listOrText.optional().meta({
      description: "Addresses of single machines, IPv4 or IPv6. A list, or one text with commas.",
      examples: [["192.168.2.10", "fd00::10"], "192.168.2.10, 192.168.2.11"],
    }),
    hostnames: listOrText.optional().meta({
      description:
        "Host names, and patterns of them: `web[01-50].corp.example`, `db[a,b]`. A list, or one text with commas.",
      examples: [["web[01-50].corp.example"], "alpha, beta.corp.example"],
    }),
    exclude: listOrText.optional().meta({
      description:
        "What is left out, in any of the forms above. Names leave out names, and addresses leave out addresses. A list, or one text with commas.",
      examples: [["192.168.2.1", "web13.corp.example"]],
    }),
  })
  .superRefine((spec, context) => {
    const parsed = parseTargets(spec, []);
    if (parsed.ok) return;
    for (const problem of parsed.problems)
      context.addIssue({ code: "custom", path: [...problem.path], message: describeTargetProblem(problem) });
  })
  .meta({ typeName: "Targets", description: "Which machines: each counts once, however often it is named." });
