#!/bin/sh
### BEGIN INIT INFO
# Provides:          kace-reference-agent
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: KACE reference agent
### END INIT INFO
# chkconfig: 2345 90 10
# description: KACE reference agent
#
# For machines without systemd. Needs nothing beyond a POSIX shell: start-stop-daemon is missing on many of them.

agent=/opt/kace-reference/bin/kace-agent
configuration=/etc/kace-reference/agent.json
log=/var/log/kace-reference/agent.log
update=/var/lib/kace-reference/update
pid_file=/run/kace-reference-agent.pid
# The agent ends by itself within this time, even where its server no longer answers.
stop_seconds=30

# Prints the id of the running agent. A process id alone may have become another program's.
running() {
  [ -r "$pid_file" ] || return 1
  read -r pid <"$pid_file" || return 1
  [ -r "/proc/$pid/comm" ] || return 1
  read -r name <"/proc/$pid/comm" || return 1
  [ "$name" = kace-agent ] || return 1
  echo "$pid"
}

# An update that a reboot interrupted goes on, whatever became of the agent's program.
resume_update() {
  [ -e "$update/state.json" ] && [ -x "$update/old/bin/kace-agent" ] || return 0
  (
    cd / || exit 1
    trap '' HUP
    exec "$update/old/bin/kace-agent" watch-update --new-session --log-file "${log%/*}/update.log"
  ) </dev/null >/dev/null 2>&1 &
}

start() {
  resume_update
  if running >/dev/null; then
    echo "kace-reference-agent runs already"
    return 0
  fi
  if [ ! -e "$configuration" ]; then
    echo "kace-reference-agent is not configured, so it is not started" >&2
    return 6
  fi
  umask 077
  mkdir -p "${pid_file%/*}"
  # Nothing of the caller's stays open in the daemon: an open pipe would keep whoever started us waiting.
  (
    cd / || exit 1
    trap '' HUP
    exec "$agent" run --new-session --log-file "$log"
  ) </dev/null >/dev/null 2>&1 &
  echo "$!" >"$pid_file.new" && mv "$pid_file.new" "$pid_file"
  # The subshell becomes the agent in a moment; one that cannot run at all ends in that time too.
  tries=0
  while ! running >/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 50 ] || ! kill -0 "$!" 2>/dev/null; then
      echo "kace-reference-agent did not start; see $log" >&2
      return 1
    fi
    doze
  done
  echo "started kace-reference-agent"
}

stop() {
  pid=$(running) || {
    rm -f "$pid_file"
    echo "kace-reference-agent does not run"
    return 0
  }
  kill -TERM "$pid"
  tries=0
  while running >/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt $((stop_seconds * 10)) ]; then
      echo "kace-reference-agent did not end in time and is killed" >&2
      kill -KILL "$pid"
      break
    fi
    doze
  done
  rm -f "$pid_file"
  echo "stopped kace-reference-agent"
}

# A tenth of a second, where this system's sleep knows fractions.
doze() {
  sleep 0.1 2>/dev/null || sleep 1
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  restart | force-reload) stop && start ;;
  try-restart | condrestart) if running >/dev/null; then stop && start; fi ;;
  reload)
    pid=$(running) && kill -HUP "$pid"
    ;;
  status)
    if pid=$(running); then
      echo "kace-reference-agent runs (process $pid)"
    else
      echo "kace-reference-agent does not run"
      exit 3
    fi
    ;;
  *)
    echo "usage: $0 start|stop|restart|try-restart|reload|status" >&2
    exit 2
    ;;
esac
