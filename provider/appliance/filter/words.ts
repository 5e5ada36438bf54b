/** What a condition may look at. */
export const PROPERTIES = [
  "hostname",
  "os.id",
  "os.version",
  "os.platform",
  "architecture",
  "agentVersion",
  "address",
  "mac",
  "label",
] as const;

export type MachineProperty = (typeof PROPERTIES)[number];

/** How a condition may compare. */
export const OPERATORS = [
  "equals",
  "notEquals",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "versionAtLeast",
  "versionBelow",
  "inRange",
] as const;

export type FilterOperator = (typeof OPERATORS)[number];

const OF_TEXT = ["equals", "notEquals", "contains", "startsWith", "endsWith", "matches"] as const;
const OF_VERSIONS = [...OF_TEXT, "versionAtLeast", "versionBelow"] as const;

/** Which comparisons mean something for which property. */
export const OPERATORS_OF: Readonly<Record<MachineProperty, readonly FilterOperator[]>> = {
  hostname: OF_TEXT,
  "os.id": OF_TEXT,
  "os.version": OF_VERSIONS,
  "os.platform": OF_TEXT,
  architecture: OF_TEXT,
  agentVersion: OF_VERSIONS,
  address: [...OF_TEXT, "inRange"],
  mac: OF_TEXT,
  label: ["equals", "notEquals"],
};
