import { LabError } from "./error.ts";

/** A range of IPv4 addresses: the first, as a number, and how many bits all have in common. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** The gateway is the first address; hosts begin here, so that a few stay free for tests. */
const FIRST_HOST = 11;

/** @throws LabError where the text is no range in CIDR form */
export function parseSubnet(text: string): Subnet {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text);
  const numbers = (match ?? []).slice(1).map(Number);
  const [a = 256, b = 256, c = 256, d = 256, prefixLength = 33] = numbers;
  if ([a, b, c, d].some((octet) => octet > 255) || prefixLength > 32) throw new LabError(`"${text}" is no subnet`);
  const address = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  return { base: address - (address % sizeOf(prefixLength)), prefixLength };
}

/** @example formatSubnet(parseSubnet("10.83.0.7/24")) // "10.83.0.0/24" */
export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefixLength}`;
}

/** The address of the controller's side. */
export function gatewayOf(subnet: Subnet): string {
  return formatAddress(subnet.base + 1);
}

/** The address of the host at this place of the list, counted from 0. */
export function hostAddress(subnet: Subnet, index: number): string {
  return formatAddress(subnet.base + FIRST_HOST + index);
}

/**
 * A subnet with room for so many hosts that overlaps none that is in use; the search begins at a place that the prefix
 * decides, so that a lab has the same addresses every time where possible.
 * @throws LabError if there is none, or the wished one is too small or in use
 */
export function chooseSubnet(wish: string | undefined, prefix: string, hosts: number, used: readonly Subnet[]): Subnet {
  const needed = FIRST_HOST + hosts + 1;
  if (wish !== undefined) {
    const subnet = parseSubnet(wish);
    if (sizeOf(subnet.prefixLength) < needed) throw new LabError(`${wish} has no room for ${hosts} hosts`);
    const other = used.find((candidate) => overlap(candidate, subnet));
    if (other !== undefined) throw new LabError(`${wish} overlaps ${formatSubnet(other)}, which is in use here`);
    return subnet;
  }
  const prefixLength = Math.min(24, 32 - Math.ceil(Math.log2(needed)));
  const all = parseSubnet("10.80.0.0/13");
  const places = 2 ** (prefixLength - all.prefixLength);
  const start = hash(prefix) % places;
  for (let step = 0; step < places; step++) {
    const subnet = { base: all.base + ((start + step) % places) * sizeOf(prefixLength), prefixLength };
    if (!used.some((candidate) => overlap(candidate, subnet))) return subnet;
  }
  throw new LabError(`there is no free subnet for ${hosts} hosts below ${formatSubnet(all)}`);
}

function overlap(one: Subnet, other: Subnet): boolean {
  const endOf = (subnet: Subnet): number => subnet.base + sizeOf(subnet.prefixLength);
  return one.base < endOf(other) && other.base < endOf(one);
}

function sizeOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join(".");
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
