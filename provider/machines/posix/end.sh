# Ends a script that ran out of time, and all it started. PID: the shell that read it.
# Another process may have the number by now; ours has the mark of the reader on its command line.
if [ -r "/proc/$PID/cmdline" ] && ! grep -q 'kace~begin' "/proc/$PID/cmdline" 2>/dev/null; then exit 0; fi
kill -0 "$PID" 2>/dev/null || exit 0

list() {
  # By cat, since mawk ends at the first process that is gone meanwhile.
  if [ -r /proc/self/status ]; then
    cat /proc/[0-9]*/status 2>/dev/null | awk '/^Pid:/ { pid = $2 } /^PPid:/ { print pid, $2 }'
  else ps -A -o pid= -o ppid=
  fi
}
# Taken before the first is ended: children of an ended process belong to another parent.
tree=$(list | awk -v root="$PID" '
  { parent[$1] = $2 }
  END {
    for (pid in parent) {
      for (at = pid; at in parent && at != root && at > 1 && depth[pid]++ < 1000; at = parent[at]) { }
      if (at == root) print pid
    }
  }')
[ -n "$tree" ] || tree=$PID

kill -TERM $tree 2>/dev/null
for second in 1 2 3; do
  alive=
  for pid in $tree; do kill -0 "$pid" 2>/dev/null && alive=1; done
  [ -n "$alive" ] || exit 0
  sleep 1
done
kill -KILL $tree 2>/dev/null
exit 0
