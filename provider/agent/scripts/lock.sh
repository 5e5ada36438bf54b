# One run at a time works on a machine. The lock is a symbolic link whose target is its text, because that is made
# whole or not at all. It is held as long as the process that it names lives; who dies or reboots holds nothing.

# started_at PID -> STARTED, which together with the number names a process for good; empty if there is none
started_at() {
  STARTED=
  [ -r "/proc/$1/stat" ] || return 1
  IFS= read -r _stat <"/proc/$1/stat" || return 1
  # The name of the program stands in parentheses and may hold anything.
  _stat=${_stat##*") "}
  # shellcheck disable=SC2086 # the words are wanted
  set -- $_stat
  STARTED=${20:-}
  [ "${1:-Z}" != Z ] && [ -n "$STARTED" ]
}

lock_place() {
  BOOT=none
  [ -r /proc/sys/kernel/random/boot_id ] && read -r BOOT </proc/sys/kernel/random/boot_id
  for _place in /run /var/run /var/lock /var/tmp; do
    LOCK=$_place/pulumi-kace.lock
    [ -d "$_place" ] && return
  done
}

# lock_text PID -> TEXT: run:owner:pid:start:boot; none of them holds a colon
lock_text() {
  started_at "$1"
  TEXT=$PK_RUN:$PK_OWNER:$1:$STARTED:$BOOT
}

# lock_read -> LOCK_STATE (free, held, stale), LOCK_TEXT, LOCK_RUN, LOCK_PID
lock_read() {
  LOCK_STATE=free LOCK_TEXT='' LOCK_RUN='' LOCK_PID=''
  [ -L "$LOCK" ] || return 0
  LOCK_TEXT=$(readlink "$LOCK") || return 0
  LOCK_STATE=stale
  _old_ifs=$IFS
  IFS=:
  # shellcheck disable=SC2086 # the words are wanted
  set -- $LOCK_TEXT
  IFS=$_old_ifs
  [ $# -eq 5 ] || return 0
  LOCK_RUN=$1 LOCK_PID=$3
  [ "$5" = "$BOOT" ] || return 0
  if started_at "$3" && [ "$STARTED" = "$4" ]; then LOCK_STATE=held; fi
  return 0
}

# Only one at a time may take a lock away from somebody, or two that saw the same stale one would both have it.
guard_enter() {
  _tries=0
  until mkdir "$LOCK.guard" 2>/dev/null; do
    # Its owner needs it for three commands; one that is minutes old was left by a process that was killed.
    find "$LOCK.guard" -maxdepth 0 -mmin +1 -exec rmdir {} \; 2>/dev/null
    _tries=$((_tries + 1))
    [ "$_tries" -lt 150 ] || return 1
    pause
  done
}
guard_leave() { rmdir "$LOCK.guard" 2>/dev/null; }

# lock_take PID: 0 if it is ours now, 1 if LOCK_TEXT has it, 2 if no lock can be made here
lock_take() {
  lock_text "$1"
  _mine=$TEXT
  _attempt=0
  while [ "$_attempt" -lt 20 ]; do
    _attempt=$((_attempt + 1))
    ln -s "$_mine" "$LOCK" 2>/dev/null && return 0
    lock_read
    case $LOCK_STATE in
      held) return 1 ;;
      stale)
        guard_enter || return 2
        lock_read
        [ "$LOCK_STATE" = stale ] && rm -f "$LOCK"
        guard_leave
        ;;
    esac
  done
  return 2
}

# lock_hand_over OLD_TEXT PID: the lock goes on to another process of the same run
lock_hand_over() {
  lock_text "$2"
  guard_enter || return 1
  _handed=1
  if [ -L "$LOCK" ] && [ "$(readlink "$LOCK")" = "$1" ]; then
    ln -s "$TEXT" "$LOCK.$2" && mv -f "$LOCK.$2" "$LOCK" && _handed=0
  fi
  guard_leave
  return "$_handed"
}

# lock_release [DIRECTORY]: only what this run holds, and a directory that goes with it
lock_release() {
  if ! guard_enter; then
    [ $# -eq 0 ] || rm -rf "$@"
    return 1
  fi
  lock_read
  [ "$LOCK_RUN" != "$PK_RUN" ] || set -- "$@" "$LOCK"
  # One after the other, the guard last.
  rm -rf "$@" "$LOCK.guard"
}

stage_of() { STAGE=/var/tmp/pulumi-kace-$1; }

# sweep: with the lock held, every other staging directory is a leftover
sweep() {
  for _left in /var/tmp/pulumi-kace-*; do
    [ -d "$_left" ] && [ ! -L "$_left" ] && [ "$_left" != "$STAGE" ] && rm -rf "$_left"
  done
  return 0
}
