# Waits for the end of a run that was left alone, and tells it.
umask 077
trap '' PIPE
lock_place
init_kind
stage_of "$PK_RUN"
uptime_seconds
_deadline=$((NOW + PK_WAIT_S))
while [ ! -f "$STAGE/result" ]; do
  lock_read
  if [ "$LOCK_STATE" != held ] || [ "$LOCK_RUN" != "$PK_RUN" ]; then
    # Once more, because a worker that ends writes its result before its lock goes.
    [ -f "$STAGE/result" ] && break
    if [ -d "$STAGE" ]; then say resumed abandoned; else say resumed gone; fi
    rm -rf "$STAGE"
    [ "$LOCK_STATE" = stale ] && [ "$LOCK_RUN" = "$PK_RUN" ] && lock_release
    look_all
    say ended yes
    exit 0
  fi
  if [ ! -f "$STAGE/worker.sh" ] && [ -d "$STAGE" ]; then
    # The package was still on its way, on a connection that is no more.
    kill -s TERM "$LOCK_PID" 2>/dev/null
  fi
  uptime_seconds
  [ "$NOW" -lt "$_deadline" ] || { say resumed waiting; exit 0; }
  pause
done
if cat "$STAGE/result"; then lock_release "$STAGE"; else lock_release; fi
