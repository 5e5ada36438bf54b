#!/bin/sh
# As the vendor's package does, it takes host and token from the environment, and does not touch a configuration that is
# there already.
set -e
data=/var/quest/kace
mkdir -p "$data" /var/log/quest/kace
if [ -n "${KACE_SERVER:-}" ] && ! grep -q '^host=' "$data/amp.conf" 2>/dev/null; then
  echo "host=$KACE_SERVER" >>"$data/amp.conf"
fi
if [ -n "${KACE_TOKEN:-}" ]; then
  (umask 077 && printf '%s\n' "$KACE_TOKEN" >"$data/sma.dat")
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --quiet konea.service
  systemctl restart konea.service
fi
