import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";

const LABEL = /^[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u;

/**
 * The name that agents call a server by, as an option of a command gives it: a host name or an address, without a port.
 * @throws InvalidArgumentError for what is neither
 * @example serverNameFrom("kbox.corp.example") // "kbox.corp.example"
 */
export function serverNameFrom(text: string): string {
  const isName =
    text.length <= 253 &&
    text
      .replace(/\.$/, "")
      .split(".")
      .every((label) => LABEL.test(label));
  if (isName || isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0) return text;
  throw new InvalidArgumentError("A server is named by a host name, such as kbox.corp.example, or by an address.");
}
