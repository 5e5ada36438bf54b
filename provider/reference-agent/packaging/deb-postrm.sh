#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
  rm -rf /etc/kace-reference /var/lib/kace-reference /var/log/kace-reference
fi
