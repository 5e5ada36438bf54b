# What the controller reads are lines that begin with "::kace "; whatever else a machine prints is not ours.
NEWLINE='
'
TAB='	'

# say KEY VALUE
say() {
  case $2 in
    *"$NEWLINE"*) printf '::kace %s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r' '  ')" ;;
    *) printf '::kace %s=%s\n' "$1" "$2" ;;
  esac
}

has() { command -v "$1" >/dev/null 2>&1; }

# within SECONDS COMMAND...: ends it after that time, where the machine has `timeout`.
within() {
  _seconds=$1
  shift
  if has timeout; then timeout "$_seconds" "$@"; else "$@"; fi
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
