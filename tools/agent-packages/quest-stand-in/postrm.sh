#!/bin/sh
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "${1:-}" = purge ]; then rm -rf /var/quest/kace /var/log/quest/kace; fi
