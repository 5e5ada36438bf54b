# Takes the lock and the package, and hands both to a process that no cut connection can stop; then waits for it.
umask 077
# A connection that breaks must not end this before it has cleaned up; what is started gets the signal back.
trap '' PIPE
HANDED=no
stage_of "$PK_RUN"
lock_place

clean() {
  [ "$HANDED" = no ] || return 0
  lock_release "$STAGE"
}
refuse() {
  clean
  say code "$1"
  say message "$2"
  exit 0
}
# The reader runs this in a subshell, whose number `$$` does not tell. `exec` keeps the substitution from being one more.
SELF=
[ ! -r /proc/self/stat ] || read -r SELF _rest </proc/self/stat
# shellcheck disable=SC2016 # the inner shell expands it
[ -n "$SELF" ] || SELF=$(exec sh -c 'printf %s "$PPID"')
RECEIVER=
trap '[ -z "$RECEIVER" ] || kill "$RECEIVER" 2>/dev/null; clean; exit 129' HUP INT TERM

lock_take "$SELF"
case $? in
  0) ;;
  1) say holder "$LOCK_TEXT"; say code busy; say message "another run is working on this machine"; exit 0 ;;
  *) say code lost; say message "no lock can be made at $LOCK"; exit 0 ;;
esac
sweep
mkdir "$STAGE" || refuse disk-full "$STAGE cannot be made"
: >"$STAGE/log" || refuse disk-full "nothing can be written below /var/tmp"

# free_kb PLACE OTHER -> FREE, FREE_THERE
free_kb() {
  _sizes=$(df -Pk "$1" "$2" 2>/dev/null)
  # After the headings a line of each, or one of both.
  _sizes=${_sizes#*"$NEWLINE"}
  fourth "${_sizes#*"$NEWLINE"}"
  FREE_THERE=$FOURTH
  fourth "${_sizes%%"$NEWLINE"*}"
  FREE=$FOURTH
}

# fourth LINE -> FOURTH word of it, or 0
fourth() {
  # shellcheck disable=SC2086 # the words are wanted
  set -- $1
  FOURTH=${4:-0}
}

# digest FILE: its SHA-256 before anything else; called in a subshell
digest() {
  if has sha256sum; then
    exec sha256sum "$1"
  elif has shasum; then
    exec shasum -a 256 "$1"
  elif has openssl; then
    exec openssl dgst -sha256 -r "$1"
  fi
}

PK_FILE=
if [ -n "$PK_FORMAT" ]; then
  _install=/opt
  [ -d /opt ] || _install=/
  free_kb /var/tmp "$_install"
  [ "$FREE" -ge "$PK_NEED_KB" ] || refuse disk-full "/var/tmp has $FREE KiB free, $PK_NEED_KB KiB are needed"
  [ "$FREE_THERE" -ge "$PK_NEED_KB" ] || refuse disk-full "$_install has $FREE_THERE KiB free, $PK_NEED_KB KiB are needed"
  PK_FILE=$STAGE/package.$PK_FORMAT
  say phase upload
  # In the background, because a shell hears a signal only between commands that it waits for.
  exec 4<&0
  cat <&4 >"$PK_FILE" 2>/dev/null &
  RECEIVER=$!
  if ! wait "$RECEIVER"; then
    free_kb /var/tmp "$_install"
    [ "$FREE" -lt 1024 ] && refuse disk-full "/var/tmp filled up while the package was written"
    refuse upload-failed "the package could not be written below /var/tmp"
  fi
  RECEIVER=
  exec 4<&-
  _digest=$(digest "$PK_FILE")
  _digest=${_digest%% *}
  _digest=${_digest#"\\"}
  [ -n "$_digest" ] || refuse upload-failed "the machine has neither sha256sum nor shasum nor openssl"
  if [ "$_digest" != "$PK_SHA256" ]; then
    _bytes=$(wc -c <"$PK_FILE")
    [ "$_bytes" -eq "$PK_SIZE" ] || refuse upload-failed "$((_bytes)) of $PK_SIZE bytes of the package arrived"
    refuse checksum-mismatch "the package that arrived has the SHA-256 $_digest, not $PK_SHA256"
  fi
fi

printf '%s' "$PK_WORKER" >"$STAGE/worker.sh" || refuse disk-full "nothing can be written below /var/tmp"
lock_text "$SELF"
PK_LOCK=$TEXT
PK_MAIN=$SELF
PK_MAIN_STARTED=$STARTED
export PK_RUN PK_OWNER PK_ACTION PK_FLAVOURS PK_FORMAT PK_FILE PK_SHA256 PK_VERSION PK_HOST PK_PORT PK_SERVER PK_SERVER_TOO PK_FINAL PK_KEEP \
  PK_PURGE PK_RECEIPT PK_INSTALL_S PK_VERIFY_S PK_WAIT_CONNECTED PK_LOCK PK_MAIN PK_MAIN_STARTED

# The configuration may hold the token: it goes through a pipe, not through a file or the environment. The worker is
# nobody's child, so that neither a cut connection nor a script that is ended takes it along; its file 3 is what this
# shell listens to until the worker closes it.
say phase work
HANDED=yes
trap 'exit 129' HUP INT TERM
{
  printf '%s' "$PK_CONFIG" | (
    exec 4<&0
    (apart sh "$STAGE/worker.sh") <&4 4<&- >>"$STAGE/log" 2>&1 &
  )
} 3>&1 | cat
# `cat` ends early where the controller is gone: then there is nobody to tell, but the machine is still the worker's.
_early=0
while [ ! -f "$STAGE/result" ]; do
  lock_read
  [ "$LOCK_STATE" = held ] && [ "$LOCK_RUN" = "$PK_RUN" ] || break
  if [ "$LOCK_PID" = "$SELF" ]; then
    _early=$((_early + 1))
    [ "$_early" -lt 150 ] || break
  fi
  pause
done
if [ -f "$STAGE/result" ]; then
  if cat "$STAGE/result" 2>/dev/null; then lock_release "$STAGE"; else lock_release; fi
  [ -d "$STAGE" ] || exit 0
  # Nobody heard it: for a minute, `resume.sh` can read it.
  exec </dev/null >/dev/null 2>&1
  sleep 60
  rm -rf "$STAGE"
else
  tail -n 40 "$STAGE/log" | while IFS= read -r _line; do say log.tail "$_line"; done
  HANDED=no
  refuse lost "the worker on the machine ended without a result"
fi
