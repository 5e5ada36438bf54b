// Runs before anything that needs a new Node, so that an old one answers with a sentence instead of a syntax error.
// That is why this file is written in the JavaScript that every Node understands.
"use strict";

var path = require("path");
// `--program kace` starts the command line instead of the plugin.
var program = process.argv[2] === "--program" ? process.argv.splice(2, 2)[1] : "provider";
var needed = require("./package.json").engines.node.replace(">=", "");
var parts = needed.split(".").map(Number);
var have = process.versions.node.split(".").map(Number);

if (have[0] < parts[0] || (have[0] === parts[0] && have[1] < parts[1])) {
  process.stderr.write(
    (program === "kace" ? "kace" : "pulumi-resource-kace") + " needs Node.js " + needed + " or newer; this is " + process.versions.node + ".\n"
  );
  process.exitCode = 1;
} else {
  enableCompileCache();
  // What runs from here on, for whoever asks how it was started: without a word, this file would start the plugin.
  process.argv[1] = path.join(__dirname, "lib", program + ".mjs");
  import("./lib/" + program + ".mjs");
}

// Keeps the compiled bundle for the next start, of which there are several in every deployment. The folder is the
// user's own: what lies in it is executed, so one that others can write to, as in /tmp, will not do.
function enableCompileCache() {
  var home = require("os").homedir();
  var base =
    process.platform === "win32"
      ? process.env.LOCALAPPDATA || path.join(home, "AppData", "Local")
      : process.env.XDG_CACHE_HOME || path.join(home, ".cache");
  // It answers with a status and never throws: a start without the cache is slower, not wrong.
  require("module").enableCompileCache(path.join(base, "pulumi-kace", "compile"));
}
