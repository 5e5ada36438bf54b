#!/bin/sh
# Stands in for the vendor's runkbot: notes what was asked for and does nothing else.
case "${1:-}${2:-}" in *[!0-9]* | '') echo "usage: runkbot <id> <version>" >&2; exit 1 ;; esac
echo "runkbot $1 ${2:-0} (stand-in)" >>/var/log/quest/kace/konea.log
