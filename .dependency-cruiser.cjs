// The doors between the rooms of provider/: who may import whom. `npm run doors` checks them, as does `npm test`.
//
//   main -> kace -> resources, functions, components -> rollout, appliance -> agent -> machines
//
// The kit knows no room, and its descriptors (kit/define) know no wire (kit/pulumi), so that another protocol can be
// served beside it without touching a resource.

const rooms =
  "main[.]ts|kace[.]ts|configuration[.]ts|resources|functions|components|rollout|appliance|agent|machines|cli|kit";

/** A room may import only itself and these. `kit` in a list means the whole kit. */
function only(room, ...allowed) {
  const own = room.replaceAll("[.]ts", "");
  const others = allowed.map((name) => name.replaceAll("[.]ts", ""));
  return {
    name: `door-of-${own.replaceAll("/", "-")}`,
    severity: "error",
    comment: `${own} may import only ${["itself", ...others].join(", ")}.`,
    from: { path: `^provider/${room}(/|$)` },
    to: {
      path: `^provider/(${rooms})(/|$)`,
      pathNot: [room, ...allowed].map((name) => `^provider/${name}(/|$)`),
    },
  };
}

const wirePackages = "^(node_modules/)?(@grpc/|google-protobuf|@pulumi/pulumi)";
const everything = "[.](ts|mts|cts|js|mjs|cjs)$";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    only("machines"),
    only("agent", "machines"),
    only("appliance", "agent", "machines", "kit/define"),
    only("rollout", "appliance", "agent", "machines", "kit/define"),
    only("functions", "rollout", "appliance", "agent", "machines", "kit/define"),
    only("resources", "rollout", "appliance", "agent", "machines", "kit/define"),
    only("components", "resources", "functions", "rollout", "appliance", "agent", "machines", "kit"),
    // A scheduled run, and `kace config run`, do what a resource does, without a program.
    only("cli", "resources/provisioning", "rollout", "appliance", "agent", "machines", "kit/define"),
    only("kit/define"),
    only("kit", "kit"),
    only("configuration[.]ts", "appliance", "kit/define"),
    only("kace[.]ts", "configuration[.]ts", "resources", "functions", "components", "appliance", "kit"),
    only("main[.]ts", "kace[.]ts", "kit"),
    {
      name: "descriptors-know-no-wire",
      severity: "error",
      comment: "A descriptor is the same whatever protocol serves it: not even a type of the wire belongs in it.",
      from: { path: "^provider/kit/define/" },
      to: { path: wirePackages },
    },
    {
      name: "pulumi-runtime-is-lazy",
      severity: "error",
      comment: "The runtime costs more time and memory than all the rest; it is loaded when a component is first made.",
      from: { path: "^provider/" },
      to: {
        path: "^(node_modules/)?@pulumi/pulumi(/(?!proto/)|$)",
        dependencyTypesNot: ["dynamic-import", "type-only", "pre-compilation-only"],
      },
    },
    {
      name: "provider-stands-alone",
      severity: "error",
      comment: "What is shipped must not need what only builds, tests or shows it.",
      from: { path: "^provider/" },
      to: { path: "^(tests|tools|examples|sdk|dist)/" },
    },
    {
      name: "provider-needs-no-dev-dependency",
      severity: "error",
      comment: "A package that is used at run time belongs in `dependencies`.",
      from: { path: "^provider/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["npm"] },
    },
    {
      name: "no-undeclared-package",
      severity: "error",
      comment: "A package that is imported must stand in package.json.",
      from: { path: everything },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      comment: "An import that resolves to nothing fails when it is first reached.",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-cycle",
      severity: "error",
      comment: "Two files that need each other are one concept or hide a third.",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules"] },
    // The files of the built plugin import each other only once they are copied into it.
    exclude: { path: ["(^|/)testdata/", "^tools/build/plugin/"] },
    tsConfig: { fileName: "tsconfig.json" },
    // Imports that exist only as types count: a type is knowledge too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "import", "require", "types", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".d.ts", ".node"],
      mainFields: ["main", "types"],
    },
    cache: false,
  },
};
