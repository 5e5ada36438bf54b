#!/bin/sh
# Runs one of this repository's programs: `sh tools/run.sh tools/test/main.ts`. Gets the npm packages first where they
# are missing or old, then hands over to the program, run by the Node that the packages bring. Needs nothing but a POSIX
# shell and npm; works with any Node that npm itself works with.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
node=$root/node_modules/.bin/node
stamp=$root/node_modules/.installed-package-lock.json

current() {
  [ -x "$node" ] && cmp -s package-lock.json "$stamp"
}

install_packages() {
  echo "==> npm packages: npm ci (about half a minute)"
  npm ci --no-audit --no-fund --loglevel=error
  # A Node package without its binary: its install script did not run, as npm's settings can forbid.
  [ -x "$node" ] || (cd node_modules/node && command node installArchSpecificPackage.js)
  cp package-lock.json "$stamp"
}

if ! current; then
  # Two runs in one clone must not install over each other. The lock is on a file that is always there, and the system
  # frees it when its holder ends. Where there is no flock (macOS), runs are not started twice at once.
  if command -v flock >/dev/null 2>&1; then
    exec 9<package.json
    flock 9
    current || install_packages 9<&-
    exec 9<&-
  else
    install_packages
  fi
fi

PATH=$root/node_modules/.bin:$PATH
export PATH
exec "$node" "$@"
