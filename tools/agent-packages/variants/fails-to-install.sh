#!/bin/sh
echo "kace-reference-agent: this package fails to install, on purpose" >&2
exit 1
