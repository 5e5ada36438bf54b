#!/bin/sh
# $1 counts the versions that stay: 0 at a removal, 1 at an upgrade.
[ "$1" = 0 ] || exit 0
exec sh /opt/kace-reference/lib/service.sh unregister
