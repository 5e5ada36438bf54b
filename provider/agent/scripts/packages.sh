# Package managers.

# package_look NAME -> PACKAGE_STATE (installed broken absent), PACKAGE_VERSION
package_look() {
  PACKAGE_STATE=absent PACKAGE_VERSION=''
  if has dpkg-query; then
    dpkg_look "$1"
    case ${_answer%% *} in
      '' | not-installed | config-files) ;;
      installed) PACKAGE_STATE=installed ;;
      *) PACKAGE_STATE=broken ;;
    esac
    [ "$PACKAGE_STATE" = absent ] || PACKAGE_VERSION=${_answer#* }
  fi
  if [ "$PACKAGE_STATE" = absent ] && has rpm; then
    rpm_look "$1" && {
      PACKAGE_STATE=installed
      PACKAGE_VERSION=${_answer%%"$NEWLINE"*}
    }
  fi
  return 0
}

# dpkg_look NAME -> _answer, its status and its version; empty where dpkg does not know it
#
# dpkg-query takes in all that is on the machine before it tells of one package. The database is a file of text, and one
# paragraph of it is found in a third of that time; while dpkg works, the news lie in files beside it, and it is asked.
dpkg_look() {
  set -- "$1" /var/lib/dpkg/updates/*
  if [ -r /var/lib/dpkg/status ] && [ ! -e "$2" ]; then
    # "Status: install ok installed" and "Version: 1.4.2", in this order
    _answer=$(sed -n -e "/^Package: $1\$/,/^\$/ {" \
      -e 's/^Status: [^ ]* [^ ]* //p' -e 's/^Version: //p' -e '/^$/q' -e '}' /var/lib/dpkg/status 2>/dev/null)
    _answer=${_answer%%"$NEWLINE"*}\ ${_answer#*"$NEWLINE"}
    [ "$_answer" != ' ' ] || _answer=
  else
    # shellcheck disable=SC2016 # the braces are dpkg's
    _answer=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null)
  fi
}

# rpm_look NAME -> success and _answer, where it is installed. Whoever may write to rpm's database does so by asking it
# (SQLite's shared memory file), and a look must not write: so nobody asks. Any answer but a clear one is asked for again.
rpm_look() {
  if has setpriv; then
    _answer=$(setpriv --reuid=65534 --regid=65534 --clear-groups rpm -q --qf '%{VERSION}\n' "$1" 2>&1)
    case "$?$_answer" in
      0[0-9]*) return 0 ;;
      "1package $1 is not installed") return 1 ;;
    esac
  fi
  _answer=$(rpm -q --qf '%{VERSION}\n' "$1" 2>/dev/null)
}

# restart_is_due NAME: does the package's installer say that the machine must be restarted first?
restart_is_due() {
  [ -f /run/reboot-required.pkgs ] && grep -q -x -F -e "$1" /run/reboot-required.pkgs
}

# end_group PID: it and everything it started in its own session
end_group() {
  kill -s TERM -- "-$1" 2>/dev/null || kill -s TERM "$1" 2>/dev/null
  _grace=0
  while kill -s 0 -- "-$1" 2>/dev/null && [ "$_grace" -lt 12 ]; do
    _grace=$((_grace + 1))
    pause
  done
  kill -s KILL -- "-$1" 2>/dev/null || kill -s KILL "$1" 2>/dev/null
}

# run_bounded SECONDS COMMAND... -> RC, or RC=timeout; output goes to the log
run_bounded() {
  _bound=$1
  shift
  [ ! -e "$STAGE/timeout" ] || rm -f "$STAGE/timeout"
  (apart "$@") >>"$STAGE/log" 2>&1 </dev/null 3>&- &
  _job=$!
  (
    trap - PIPE HUP
    trap 'kill "$_sleep" 2>/dev/null; exit' TERM
    sleep "$_bound" &
    _sleep=$!
    wait "$_sleep"
    : >"$STAGE/timeout"
    end_group "$_job"
  ) >/dev/null 2>&1 </dev/null 3>&- &
  _watch=$!
  wait "$_job"
  RC=$?
  if [ -f "$STAGE/timeout" ]; then
    wait "$_watch"
    RC=timeout
  else
    kill -s TERM "$_watch" 2>/dev/null
    wait "$_watch" 2>/dev/null
  fi
}

# patiently COMMAND...: again while another process holds the package manager, as long as an installation may take
patiently() {
  uptime_seconds
  _until=$((NOW + PK_INSTALL_S))
  # Until the first time the log holds nothing of it.
  _before=0
  while :; do
    uptime_seconds
    _remaining=$((_until - NOW))
    [ "$_remaining" -gt 0 ] || _remaining=1
    run_bounded "$_remaining" "$@"
    [ "$RC" != 0 ] && [ "$RC" != timeout ] || return 0
    tail -c "+$((_before + 1))" "$STAGE/log" |
      grep -q -i -E 'lock was locked by another|database is locked|(create|get) (exclusive |transaction )?lock|waiting for transaction lock' || return 0
    uptime_seconds
    [ "$NOW" -lt "$_until" ] || return 0
    step "another process is using the package manager, waiting for it"
    _before=$(wc -c <"$STAGE/log")
    sleep 2
  done
}

# own_directory: where receipts are, for everybody to look into
own_directory() {
  if [ -d /var/lib/pulumi-kace ]; then chmod 0755 /var/lib/pulumi-kace; else mkdir -p /var/lib/pulumi-kace; fi
}

# package_install FILE FORMAT -> RC
package_install() {
  DEBIAN_FRONTEND=noninteractive
  DEBCONF_NONINTERACTIVE_SEEN=true
  export DEBIAN_FRONTEND DEBCONF_NONINTERACTIVE_SEEN
  case $2 in
    deb) patiently dpkg --force-confdef --force-confold -i "$1" ;;
    # The same words put a package in, over an older, a newer or the same one: which of them was asked for is the plan's matter.
    rpm) patiently rpm -U --oldpackage --replacepkgs "$1" ;;
    tar.gz)
      own_directory
      tar -tzf "$1" >"$STAGE/files" 2>>"$STAGE/log" || { RC=1; return; }
      mv -f "$STAGE/files" /var/lib/pulumi-kace/files
      run_bounded "$PK_INSTALL_S" tar -xzf "$1" -C /
      [ "$RC" != 0 ] || agent_after_unpack >>"$STAGE/log" 2>&1 </dev/null 3>&- || RC=1
      ;;
    *) RC=127 ;;
  esac
}

# package_remove NAME PURGE(yes|no) -> RC
package_remove() {
  RC=0
  package_look "$1"
  if has dpkg-query && [ -n "$(dpkg-query -W -f x "$1" 2>/dev/null)" ]; then
    if [ "$2" = yes ]; then
      patiently dpkg --force-confdef -P "$1"
    elif [ "$PACKAGE_STATE" != absent ]; then
      patiently dpkg --force-confdef -r "$1"
    fi
  elif [ "$PACKAGE_STATE" != absent ]; then
    patiently rpm -e "$1"
  elif [ -f /var/lib/pulumi-kace/files ]; then
    # An archive was unpacked: its own list says what is ours. Directories go with the last file in them.
    agent_before_unpacked_go >>"$STAGE/log" 2>&1 </dev/null 3>&-
    sort -r /var/lib/pulumi-kace/files | while IFS= read -r _file; do
      _file=/${_file#./}
      case $_file in
        *..*) ;;
        */) [ -d "$_file" ] && rmdir "$_file" 2>/dev/null ;;
        *) rm -f "$_file" ;;
      esac
    done
    rm -f /var/lib/pulumi-kace/files
  fi
}
