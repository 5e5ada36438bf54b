#!/bin/sh
set -e
# An upgrade leaves the old agent running until the new one is in place.
[ "$1" = remove ] || exit 0
exec sh /opt/kace-reference/lib/service.sh unregister
