#!/bin/sh
echo "kace-reference-agent: this installer never ends, on purpose"
while :; do sleep 3600; done
