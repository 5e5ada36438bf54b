# What the controller reads are lines that begin with "::kace "; whatever else a machine prints is not ours.
NEWLINE='
'
TAB='	'

# say KEY VALUE
say() {
  one_line "$2"
  printf '::kace %s=%s\n' "$1" "$LINE"
}

# note KEY VALUE: said later, with all that was noted. Whatever is written goes out in a packet of its own, for which
# the sshd of the machine and the controller wake up each time.
NOTES=
note() {
  one_line "$2"
  NOTES="$NOTES::kace $1=$LINE$NEWLINE"
}
say_notes() {
  printf '%s' "$NOTES"
  NOTES=
}

# one_line TEXT -> LINE, with blanks where lines end
one_line() {
  LINE=$1
  case $1 in *"$NEWLINE"*) ;; *) return 0 ;; esac
  _old_ifs=$IFS
  IFS=$NEWLINE
  set -f
  # shellcheck disable=SC2086 # the lines are wanted
  set -- $1
  set +f
  IFS=' '
  LINE="$*"
  IFS=$_old_ifs
}

has() { command -v "$1" >/dev/null 2>&1; }

# within SECONDS COMMAND...: ends it after that time, where the machine has `timeout`.
within() {
  _seconds=$1
  shift
  if has timeout; then timeout "$_seconds" "$@"; else "$@"; fi
}

# only_within SECONDS COMMAND...: the same in the place of the shell; called in a subshell
only_within() {
  _seconds=$1
  shift
  if has timeout; then exec timeout "$_seconds" "$@"; else exec "$@"; fi
}

# load FILE -> LOADED, its text up to 200 lines, without starting a process
load() {
  LOADED=
  [ -f "$1" ] && [ -r "$1" ] || return 1
  _count=0
  while IFS= read -r _line || [ -n "$_line" ]; do
    LOADED=$LOADED$_line$NEWLINE
    _count=$((_count + 1))
    [ "$_count" -lt 200 ] || break
  done <"$1"
  return 0
}

# first_word FILE -> WORD, the first word of its first line
first_word() {
  WORD=
  [ -f "$1" ] && [ -r "$1" ] || return 1
  IFS=" $TAB" read -r WORD _rest <"$1" || [ -n "$WORD" ]
}

# json_get TEXT KEY -> VALUE of a flat JSON object that a program wrote, empty if absent
json_get() {
  VALUE=
  case $1 in
    *"\"$2\""*) ;;
    *) return 1 ;;
  esac
  VALUE=${1#*"\"$2\""}
  while :; do
    case $VALUE in
      " "* | ":"* | "$TAB"* | "$NEWLINE"*) VALUE=${VALUE#?} ;;
      *) break ;;
    esac
  done
  case $VALUE in
    \"*)
      VALUE=${VALUE#\"}
      VALUE=${VALUE%%\"*}
      ;;
    *)
      VALUE=${VALUE%%,*}
      VALUE=${VALUE%%"}"*}
      VALUE=${VALUE%%"$NEWLINE"*}
      VALUE=${VALUE%%" "*}
      ;;
  esac
}

# uptime -> NOW in whole seconds since the machine started: the wall clock may jump.
uptime_seconds() {
  NOW=0
  [ -r /proc/uptime ] || { NOW=$(date +%s); return; }
  read -r NOW _rest </proc/uptime
  NOW=${NOW%%.*}
}

pause() { sleep 0.4 2>/dev/null || sleep 1; }

# apart COMMAND...: in a session of its own, with signals as they were; called in a subshell
apart() {
  trap - PIPE HUP TERM INT
  if has setsid; then exec setsid "$@"; else exec "$@"; fi
}
