import type { Argument, Command, Option } from "commander";

/** What completion can ask an appliance for, by what arguments and options are called. */
export const NAME_KINDS = ["configurations", "devices", "labels", "organizations", "tokens"] as const;

export type NameKind = (typeof NAME_KINDS)[number];

const KINDS_BY_NAME: Readonly<Record<string, NameKind>> = {
  config: "configurations",
  configuration: "configurations",
  device: "devices",
  machine: "devices",
  label: "labels",
  organization: "organizations",
  token: "tokens",
};

/** Groups whose `<name>` is of this kind. */
const NAMED_GROUPS: Readonly<Record<string, NameKind>> = { config: "configurations", orgs: "organizations" };
/** Commands whose `<name>` is a new one. */
const NEW_NAMES = new Set(["create"]);

interface Listed {
  readonly path: string;
  readonly command: Command;
}

/**
 * The functions of the shell that say what a command of the program takes: `_kace_below` its commands, `_kace_options`
 * its options, `_kace_value` what an option wants, `_kace_argument` what its arguments are.
 */
export function tablesOf(program: Command): string {
  const commands = listed(program, "");
  const global = program.options.filter(isShown);
  return [
    table(
      "_kace_below",
      '"$1"',
      commands.map(({ path, command }) => [path, lines(command.commands.map((below) => below.name()))]),
    ),
    table(
      "_kace_options",
      '"$1"',
      commands.map(({ path, command }) => {
        const own = path === "" ? [] : command.options.filter(isShown);
        return [path, lines([...own, ...global].map((option) => option.long ?? ""))];
      }),
    ),
    table(
      "_kace_value",
      '"$1 $2"',
      commands.flatMap(({ path, command }) =>
        [...(path === "" ? [] : command.options), ...global].flatMap((option) =>
          takesValue(option) ? [[`${path} ${option.long ?? ""}`, word(kindOfOption(option))] as const] : [],
        ),
      ),
    ),
    table(
      "_kace_argument",
      '"$1 $2"',
      commands.flatMap(({ path, command }) =>
        command.registeredArguments.flatMap((argument, place) => {
          const kind = kindOfArgument(path, argument);
          const places = argument.variadic ? `${place}'|'${path} '*` : `${place}`;
          return kind === undefined ? [] : [[`${path} ${places}`, word(kind)] as const];
        }),
      ),
    ),
  ].join("\n");
}

function listed(command: Command, path: string): Listed[] {
  const below = command.commands.flatMap((child) =>
    listed(child, path === "" ? child.name() : `${path} ${child.name()}`),
  );
  return [{ path, command }, ...below];
}

function isShown(option: Option): boolean {
  return option.long !== undefined && !option.hidden;
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** What stands where a value is anything, so that it is known that one follows. */
const ANYTHING = ":";

function kindOfOption({ long, flags, argChoices }: Option): string {
  if (argChoices !== undefined) return `:${argChoices.join(" ")}`;
  const [, name = ""] = /[<[]([a-z-]+)/.exec(flags) ?? [];
  if (name === "file" || name === "folder") return "@files";
  const kind = KINDS_BY_NAME[(long ?? "").slice(2)] ?? KINDS_BY_NAME[name];
  return kind === undefined ? ANYTHING : `@${kind}`;
}

function kindOfArgument(path: string, argument: Argument): string | undefined {
  if (argument.argChoices !== undefined) return `:${argument.argChoices.join(" ")}`;
  const [name, words] = [argument.name(), path.split(" ")];
  if (["file", "archive", "package", "script"].includes(name)) return "@files";
  if (NEW_NAMES.has(words.at(-1) ?? "")) return undefined;
  const group = words[0] ?? "";
  const ofGroup = name === "name" && Object.hasOwn(NAMED_GROUPS, group) ? NAMED_GROUPS[group] : undefined;
  const kind = ofGroup ?? (Object.hasOwn(KINDS_BY_NAME, name) ? KINDS_BY_NAME[name] : undefined);
  // An API token is none of those that agents bring.
  return kind === undefined || (kind === "tokens" && group !== "tokens") ? undefined : `@${kind}`;
}

function table(name: string, key: string, rows: readonly (readonly [key: string, action: string])[]): string {
  const cases = rows.filter(([, action]) => action !== "").map(([row, action]) => `    '${row}') ${action} ;;`);
  // A star behind the last quote is a pattern of the shell.
  const text = cases.join("\n").replaceAll("*')", "*)");
  return `${name}() {\n  case ${key} in\n${text}\n  esac\n}\n`;
}

function lines(words: readonly string[]): string {
  return words.length === 0 ? "" : `printf '%s\\n' ${words.join(" ")}`;
}

function word(text: string): string {
  return `echo '${text}'`;
}
