#!/bin/sh
exec /opt/quest/kace/bin/AMPctl "$@"
