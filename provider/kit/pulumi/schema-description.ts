import type { Example } from "../define/call.ts";

/** The languages of examples, in the order in which readers see them. */
const LANGUAGES = ["typescript", "python", "go", "yaml"] as const;

/**
 * A description with example programs, in the form that Pulumi's documentation and SDK generators take apart: of the
 * code blocks of an example, each shows those of its own language.
 */
export function withExamples(description: string, examples: readonly Example[]): string {
  if (examples.length === 0) return description.trim();
  return [
    description.trim(),
    "{{% examples %}}",
    "## Example Usage",
    ...examples.map(exampleOf),
    "{{% /examples %}}",
  ].join("\n\n");
}

/** The section that tells how an object that exists already comes under Pulumi's hand. */
export function importSection(token: string): string {
  return `## Import\n\n\`\`\`sh\n$ pulumi import ${token} <name> <id>\n\`\`\``;
}

function exampleOf(example: Example): string {
  const blocks = LANGUAGES.flatMap((language) => {
    const program = example[language];
    return program === undefined ? [] : [`\`\`\`${language}\n${program.trim()}\n\`\`\``];
  });
  const words = example.description === undefined ? [] : [example.description.trim()];
  return ["{{% example %}}", `### ${example.title}`, ...words, ...blocks, "{{% /example %}}"].join("\n\n");
}
