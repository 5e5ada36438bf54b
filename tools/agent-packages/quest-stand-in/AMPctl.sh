#!/bin/sh
# Stands in for the vendor's AMPctl, which starts and stops konea where there is no systemd.
pid_file=/run/konea.pid

running() {
  [ -r "$pid_file" ] && read -r pid <"$pid_file" && [ -r "/proc/$pid/comm" ] && read -r name <"/proc/$pid/comm" && [ "$name" = konea ]
}

start() {
  running && return 0
  (cd / && trap '' HUP && exec /opt/quest/kace/bin/konea -start) </dev/null >/dev/null 2>&1 &
  echo "$!" >"$pid_file"
}

stop() {
  running && kill "$pid"
  while running; do sleep 1; done
  rm -f "$pid_file"
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  status) if running; then echo "konea runs"; else echo "konea does not run"; exit 3; fi ;;
  *) echo "usage: AMPctl start|stop|restart|status" >&2; exit 2 ;;
esac
