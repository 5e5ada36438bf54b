# Completion of the command `kace`. The tables below are made from its commands; this part walks through them. It is the
# same text for bash and zsh, and keeps to what both read alike (in zsh `path` is no name for a variable of one's own).

# What may stand at the place of the last of these words, a line each; `@files` stands for the names of files.
_kace_candidates() {
  local command='' place=0 waits='' word last='' kind
  shift # the command's own name
  while [ "$#" -gt 1 ]; do
    word=$1
    shift
    if [ -n "$waits" ]; then
      waits=''
      continue
    fi
    case $word in
      --*=*) ;;
      --*) waits=$(_kace_value "$command" "$word") ;;
      *)
        if _kace_below "$command" | grep -qxF -- "$word"; then
          command="${command:+$command }$word"
        else
          place=$((place + 1))
        fi
        ;;
    esac
  done
  last=${1:-}
  if [ -n "$waits" ]; then
    _kace_offer "$waits"
    return
  fi
  case $last in
    -*) _kace_options "$command" ;;
    *)
      _kace_below "$command"
      kind=$(_kace_argument "$command" "$place")
      if [ -n "$kind" ]; then _kace_offer "$kind"; fi
      ;;
  esac
}

# What a kind of value stands for: `:one two` are its choices, `@names-of-…` is asked for, nothing is anything.
_kace_offer() {
  case $1 in
    :*) printf '%s\n' "${1#:}" | tr ' ' '\n' ;;
    @files) echo @files ;;
    @*) command kace completion names "${1#@}" 2>/dev/null ;;
  esac
}
