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
  say platform "$KERNEL"
  say hostname "$NODE"
  say machine "$MACHINE"
  user_look
  say uid "$USER_ID"
  first_word /etc/machine-id || first_word /var/lib/dbus/machine-id
  say machine-id "$WORD"
  say boot-id "$BOOT"
  say init "$INIT"
  if load /etc/os-release || load /usr/lib/os-release; then
    while IFS= read -r _line; do
      case $_line in
        ID=* | ID_LIKE=* | VERSION_ID=* | PRETTY_NAME=*) say "os.${_line%%=*}" "${_line#*=}" ;;
      esac
    done <<EOF
$LOADED
EOF
  fi
  for _loader in /lib/ld-musl-*.so.1; do [ -e "$_loader" ] && say libc musl; done
  for _loader in /lib64/ld-linux*.so* /lib/ld-linux*.so* /lib/*/ld-linux*.so*; do
    [ -e "$_loader" ] && { say libc glibc; break; }
  done
  has dpkg && say tool dpkg
  has rpm && say tool rpm
  # A 32-bit system may run on a 64-bit kernel, which is what uname tells.
  has dpkg && say dpkg.architecture "$(dpkg --print-architecture 2>/dev/null)"
  look_disk
}

look_disk() {
  _install=/opt
  [ -d /opt ] || _install=/
  _sizes=$(df -Pk /var/tmp "$_install" 2>/dev/null)
  {
    read -r _header
    read -r _staging && say disk.staging "$_staging"
    read -r _installing && say disk.install "$_installing"
  } <<EOF
$_sizes
EOF
}

# look_agent -> PRESENT VERSION SERVER TRUST CONNECTED ENROLMENT KUID and the words of service_look; a flavour is loaded
look_agent() {
  VERSION='' SERVER='' TRUST='' CONNECTED=unknown ENROLMENT=unknown KUID='' LINKED_TO='' LINK_REMARK=''
  SERVICE_STATE=absent SERVICE_ENABLED=no SERVICE_PID=''
  package_look "$PACKAGE"
  if [ -e "$PROGRAM" ] && [ "$PACKAGE_STATE" != broken ]; then
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

say_agent() {
  say "agent.$FLAVOUR.present" "$PRESENT"
  [ "$PRESENT" != no ] || return 0
  say "agent.$FLAVOUR.version" "$VERSION"
  say "agent.$FLAVOUR.server" "$SERVER"
  say "agent.$FLAVOUR.service" "$SERVICE_STATE"
  say "agent.$FLAVOUR.enabled" "$SERVICE_ENABLED"
  say "agent.$FLAVOUR.connected" "$CONNECTED"
  say "agent.$FLAVOUR.enrolment" "$ENROLMENT"
  say "agent.$FLAVOUR.kuid" "$KUID"
  say "agent.$FLAVOUR.remark" "$LINK_REMARK"
  [ -z "$TRUST" ] || say "agent.$FLAVOUR.trust" "$TRUST"
}

look_receipt() {
  if load /var/lib/pulumi-kace/receipt.json; then
    say receipt "$LOADED"
  elif [ -e /var/lib/pulumi-kace/receipt.json ]; then
    say receipt.unreadable yes
  fi
}

look_runs() {
  lock_read
  case $LOCK_STATE in
    held) say lock "$LOCK_TEXT" ;;
    stale) say staged.abandoned "$LOCK_RUN" ;;
  esac
  for _stage in /var/tmp/pulumi-kace-*; do
    # Another user's directory of that name is not ours to judge.
    [ -d "$_stage" ] && [ -r "$_stage" ] && [ ! -L "$_stage" ] || continue
    _run=${_stage#/var/tmp/pulumi-kace-}
    if [ "$LOCK_STATE" = held ] && [ "$LOCK_RUN" = "$_run" ]; then
      say staged.running "$_run"
    elif [ -f "$_stage/result" ]; then
      say staged.finished "$_run"
    else
      say staged.abandoned "$_run"
    fi
  done
}

# look_server HOST PORT: does the machine itself resolve the name, and does the port answer it?
look_server() {
  RESOLVES=unknown REACHABLE=unknown
  [ -n "$1" ] || return 0
  if has bash; then
    # shellcheck disable=SC2016 # bash expands it
    _error=$(within 10 bash -c ': <"/dev/tcp/$0/$1"' "$1" "$2" 2>&1 </dev/null 3>&-) && REACHABLE=yes
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

# look_all: PK_FLAVOURS, PK_HOST, PK_PORT, PK_SERVER, PK_SERVER_TOO
look_all() {
  look_host
  _linked=no
  for FLAVOUR in $PK_FLAVOURS; do
    "flavour_$FLAVOUR"
    look_agent
    say_agent
    if [ "$CONNECTED" = yes ] && linked_to_server; then _linked=yes; fi
  done
  look_receipt
  look_runs
  if [ "$_linked" = yes ]; then
    # An agent that is connected to it proves both.
    RESOLVES=yes REACHABLE=yes
  else
    look_server "$PK_HOST" "$PK_PORT"
  fi
  say server.resolves "$RESOLVES"
  say server.reachable "$REACHABLE"
  say looked yes
}
