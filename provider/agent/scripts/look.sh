# What a machine is and what is on it. Nothing here writes. To start a program costs a small machine more than all the
# rest of a look: what the kernel tells in a file is read from there, and programs are asked where it does not.

# kernel_look -> KERNEL NODE MACHINE
kernel_look() {
  # Older kernels do not tell the architecture.
  if first_word /proc/sys/kernel/arch; then
    MACHINE=$WORD
    first_word /proc/sys/kernel/hostname && NODE=$WORD && first_word /proc/sys/kernel/ostype && KERNEL=$WORD && return 0
  fi
  # shellcheck disable=SC2046 # the words are wanted
  set -- $(uname -snm 2>/dev/null)
  KERNEL=${1:-} NODE=${2:-} MACHINE=${3:-}
}

# user_look -> USER_ID, the one that counts (effective)
user_look() {
  USER_ID=
  if [ -r /proc/self/status ]; then
    while read -r _key _real _effective _rest; do
      [ "$_key" != Uid: ] || { USER_ID=$_effective; break; }
    done </proc/self/status
  fi
  [ -n "$USER_ID" ] || USER_ID=$(id -u 2>/dev/null)
}

look_host() {
  kernel_look
  note platform "$KERNEL"
  note hostname "$NODE"
  note machine "$MACHINE"
  user_look
  note uid "$USER_ID"
  first_word /etc/machine-id || first_word /var/lib/dbus/machine-id
  note machine-id "$WORD"
  note boot-id "$BOOT"
  note init "$INIT"
  look_release /etc/os-release || look_release /usr/lib/os-release || look_old_release /etc
  for _loader in /lib/ld-musl-*.so.1; do [ -e "$_loader" ] && note libc musl; done
  glibc_look && note libc glibc
  if has dpkg; then
    note tool dpkg
    # A 32-bit system may run on a 64-bit kernel, which is what uname tells.
    dpkg_architecture
    note dpkg.architecture "$ARCHITECTURE"
  fi
  has rpm && note tool rpm
  look_disk
}

# look_release FILE: what it says of the system
look_release() {
  [ -f "$1" ] && [ -r "$1" ] || return 1
  _count=0
  while IFS= read -r _line || [ -n "$_line" ]; do
    case $_line in
      ID=* | ID_LIKE=* | VERSION_ID=* | PRETTY_NAME=*) note "os.${_line%%=*}" "${_line#*=}" ;;
    esac
    _count=$((_count + 1))
    [ "$_count" -lt 200 ] || break
  done <"$1"
  return 0
}

# look_old_release FOLDER: the same of systems that are older than os-release (before about 2012), by the files that
# their distributions had then: Red Hat's and its descendants', SUSE's, and the one of the Linux Standard Base.
look_old_release() {
  if [ -r "$1/redhat-release" ]; then
    IFS= read -r _title <"$1/redhat-release" || [ -n "$_title" ] || return 0
    case $_title in
      "Red Hat"*) note os.ID rhel ;;
      *) note os.ID "${_title%% *}" ;;
    esac
    case $_title in *" release "*)
      _version=${_title#* release }
      note os.VERSION_ID "${_version%% *}"
      ;;
    esac
    note os.PRETTY_NAME "$_title"
  elif [ -r "$1/SuSE-release" ]; then
    _title= _version= _level=
    while IFS= read -r _line || [ -n "$_line" ]; do
      case $_line in
        "VERSION = "*) _version=${_line#*= } ;;
        "PATCHLEVEL = "[1-9]*) _level=${_line#*= } ;;
        *) [ -n "$_title" ] || _title=$_line ;;
      esac
    done <"$1/SuSE-release"
    case $_title in
      *Desktop*) note os.ID sled ;;
      *Enterprise*) note os.ID sles ;;
      *) note os.ID opensuse ;;
    esac
    note os.VERSION_ID "$_version${_level:+.$_level}"
    note os.PRETTY_NAME "$_title"
  elif [ -r "$1/lsb-release" ]; then
    while IFS= read -r _line || [ -n "$_line" ]; do
      case $_line in
        DISTRIB_ID=*) note os.ID "${_line#*=}" ;;
        DISTRIB_RELEASE=*) note os.VERSION_ID "${_line#*=}" ;;
        DISTRIB_DESCRIPTION=*) note os.PRETTY_NAME "${_line#*=}" ;;
      esac
    done <"$1/lsb-release"
  fi
}

# glibc_look: is its loader there? The last pattern reads all directories below /lib, so it comes last.
glibc_look() {
  for _pattern in '/lib64/ld-linux*.so*' '/lib/ld-linux*.so*' '/lib/*/ld-linux*.so*'; do
    for _loader in $_pattern; do
      [ ! -e "$_loader" ] || return 0
    done
  done
  return 1
}

# dpkg_architecture -> ARCHITECTURE, that of the system's own packages. One of the C libraries that dpkg has on record is
# the one that it runs on itself; where there is no other, its name tells.
dpkg_architecture() {
  set -- /var/lib/dpkg/info/libc6:*.list
  if [ $# -eq 1 ] && [ -e "$1" ]; then
    ARCHITECTURE=${1##*:}
    ARCHITECTURE=${ARCHITECTURE%.list}
  else
    ARCHITECTURE=$(dpkg --print-architecture 2>/dev/null)
  fi
}

look_disk() {
  _install=/opt
  [ -d /opt ] || _install=/
  # After the headings a line of each, or one of both.
  _sizes=$(df -Pk /var/tmp "$_install" 2>/dev/null)
  for _key in disk.staging disk.install; do
    case $_sizes in *"$NEWLINE"*) ;; *) return 0 ;; esac
    _sizes=${_sizes#*"$NEWLINE"}
    note "$_key" "${_sizes%%"$NEWLINE"*}"
  done
}

# look_agent -> PRESENT VERSION SERVER TRUST CONNECTED ENROLMENT KUID and the words of service_look; a flavour is loaded
look_agent() {
  VERSION='' SERVER='' TRUST='' CONNECTED=unknown ENROLMENT=unknown KUID='' LINKED_TO='' LINK_REMARK=''
  SERVICE_STATE=absent SERVICE_ENABLED=no SERVICE_PID=''
  package_look "$PACKAGE"
  if [ -e "$PROGRAM" ] && { [ -z "$SERVICE" ] || [ -x "$PROGRAM" ]; } && [ "$PACKAGE_STATE" != broken ]; then
    PRESENT=yes
  elif [ -e "$PROGRAM" ] || [ "$PACKAGE_STATE" != absent ]; then
    PRESENT=broken
  else
    PRESENT=no
    return 0
  fi
  agent_version
  [ -n "$VERSION" ] || VERSION=$PACKAGE_VERSION
  agent_configured
  if [ -n "$SERVICE" ]; then
    service_look "$SERVICE"
    agent_link
    [ "$SERVICE_STATE" = active ] || CONNECTED=no
  fi
}

note_agent() {
  note "agent.$FLAVOUR.present" "$PRESENT"
  [ "$PRESENT" != no ] || return 0
  note "agent.$FLAVOUR.version" "$VERSION"
  note "agent.$FLAVOUR.server" "$SERVER"
  note "agent.$FLAVOUR.service" "$SERVICE_STATE"
  note "agent.$FLAVOUR.enabled" "$SERVICE_ENABLED"
  note "agent.$FLAVOUR.connected" "$CONNECTED"
  note "agent.$FLAVOUR.enrolment" "$ENROLMENT"
  note "agent.$FLAVOUR.kuid" "$KUID"
  note "agent.$FLAVOUR.remark" "$LINK_REMARK"
  [ -z "$TRUST" ] || note "agent.$FLAVOUR.trust" "$TRUST"
}

look_receipt() {
  if load /var/lib/pulumi-kace/receipt.json; then
    note receipt "$LOADED"
  elif [ -e /var/lib/pulumi-kace/receipt.json ]; then
    note receipt.unreadable yes
  fi
}

look_runs() {
  lock_read
  case $LOCK_STATE in
    held) note lock "$LOCK_TEXT" ;;
    stale) note staged.abandoned "$LOCK_RUN" ;;
  esac
  for _stage in /var/tmp/pulumi-kace-*; do
    # Another user's directory of that name is not ours to judge.
    [ -d "$_stage" ] && [ -r "$_stage" ] && [ ! -L "$_stage" ] || continue
    _run=${_stage#/var/tmp/pulumi-kace-}
    if [ "$LOCK_STATE" = held ] && [ "$LOCK_RUN" = "$_run" ]; then
      note staged.running "$_run"
    elif [ -f "$_stage/result" ]; then
      note staged.finished "$_run"
    else
      note staged.abandoned "$_run"
    fi
  done
}

# look_server HOST PORT: does the machine itself resolve the name, and does the port answer it?
look_server() {
  RESOLVES=unknown REACHABLE=unknown
  [ -n "$1" ] || return 0
  if has bash; then
    # shellcheck disable=SC2016 # bash expands it
    _error=$(only_within 10 bash -c ': <"/dev/tcp/$0/$1"' "$1" "$2" 2>&1 </dev/null 3>&-) && REACHABLE=yes
    # A bash built without network redirections takes it for a file.
    case $REACHABLE:$_error in
      yes:*)
        # Who is connected has found the name.
        RESOLVES=yes
        return 0
        ;;
      *"/dev/tcp/"*"No such file"*) ;;
      *) REACHABLE=no ;;
    esac
  fi
  case $1 in
    *:*) RESOLVES=yes ;;
    *[!0-9.]*)
      if has getent; then
        RESOLVES=no
        within 10 getent hosts "$1" >/dev/null 2>&1 </dev/null && RESOLVES=yes
      elif has nslookup; then
        RESOLVES=no
        within 10 nslookup "$1" >/dev/null 2>&1 </dev/null && RESOLVES=yes
      fi
      ;;
    *) RESOLVES=yes ;;
  esac
  # Nothing was asked there.
  [ "$RESOLVES" != no ] || { REACHABLE=unknown; return 0; }
  if [ "$REACHABLE" = unknown ] && has nc; then
    if within 10 nc -w 8 "$1" "$2" >/dev/null 2>&1 </dev/null; then REACHABLE=yes; else REACHABLE=no; fi
  fi
  return 0
}

# linked_to_server: whether LINKED_TO is the server, by the name that was given or by its own
linked_to_server() {
  [ "$LINKED_TO" = "$PK_SERVER" ] || [ "$LINKED_TO" = "${PK_SERVER_TOO:-$PK_SERVER}" ]
}

# Whether the one flavour that there is was looked at a moment ago, and nothing has changed it since.
JUST_LOOKED=no

# look_all: PK_FLAVOURS, PK_HOST, PK_PORT, PK_SERVER, PK_SERVER_TOO
look_all() {
  look_host
  _linked=no _connects=no
  for FLAVOUR in $PK_FLAVOURS; do
    "flavour_$FLAVOUR"
    [ "$JUST_LOOKED" = yes ] || look_agent
    note_agent
    [ -z "$SERVICE" ] || _connects=yes
    if [ "$CONNECTED" = yes ] && linked_to_server; then _linked=yes; fi
  done
  look_receipt
  look_runs
  if [ "$_linked" = yes ]; then
    # An agent that is connected to it proves both.
    RESOLVES=yes REACHABLE=yes
  elif [ "$_connects" = yes ]; then
    look_server "$PK_HOST" "$PK_PORT"
  else
    # Nothing that was looked for would ever connect to it.
    RESOLVES=unknown REACHABLE=unknown
  fi
  note server.resolves "$RESOLVES"
  note server.reachable "$REACHABLE"
  note looked yes
  say_notes
}
