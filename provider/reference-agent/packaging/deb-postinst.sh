#!/bin/sh
set -e
# The other cases are dpkg taking back a step that failed; the service is as it was then.
[ "$1" = configure ] || exit 0
exec sh /opt/kace-reference/lib/service.sh register
