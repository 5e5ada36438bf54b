#!/bin/sh
# $1 is "remove" of dpkg or 0 of rpm where nothing of the package stays.
case "${1:-}" in remove | 0) ;; *) exit 0 ;; esac
if [ -d /run/systemd/system ]; then
  systemctl disable --quiet --now konea.service
else
  /opt/quest/kace/bin/AMPctl stop
fi
