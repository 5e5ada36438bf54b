# Does the work on the machine, whatever becomes of the connection. Its stdin is the agent's configuration, which may
# hold the token; file 3 is the controller's ear, as long as there is one.
# What installers make is for everybody to read unless they say otherwise; the staging directory is closed anyway.
umask 022
trap '' PIPE HUP
CONFIG=$(cat)
exec </dev/null
stage_of "$PK_RUN"
lock_place
init_kind
FLAVOUR=$PK_FLAVOURS
"flavour_$FLAVOUR"
CODE='' MESSAGE=''

step() {
  printf '%s\n' "$1"
  say log "$1" >&3
} 2>/dev/null

failed() {
  CODE=$1 MESSAGE=$2
  return 1
}

put_in() {
  step "installing $FLAVOUR $PK_VERSION ($PK_FORMAT)"
  agent_before_install
  package_install "$PK_FILE" "$PK_FORMAT"
  agent_after_install
  case $RC in
    0) ;;
    timeout) failed install-timeout "the installer did not end within $PK_INSTALL_S s; it was stopped" || return ;;
    *) failed install-failed "the installer ended with exit code $RC" || return ;;
  esac
  agent_version
  if [ "$VERSION" != "$PK_VERSION" ]; then
    failed install-failed "the installer ended well, but the version on the machine is ${VERSION:-none}, not $PK_VERSION"
    return
  fi
  if [ "$PK_KEEP" = yes ]; then
    mkdir -p /var/cache/pulumi-kace && mv -f "$PK_FILE" "/var/cache/pulumi-kace/$FLAVOUR-$PK_VERSION.$PK_FORMAT"
  fi
  rm -f "$PK_FILE"
}

record() {
  [ -n "$PK_RECEIPT" ] || return 0
  own_directory && write_receipt ||
    failed disk-full "the receipt cannot be written below /var/lib/pulumi-kace"
}

write_receipt() {
  umask 077
  printf '%s\n' "$PK_RECEIPT" >/var/lib/pulumi-kace/receipt.json.new
  _written=$?
  umask 022
  [ "$_written" -eq 0 ] && mv -f /var/lib/pulumi-kace/receipt.json.new /var/lib/pulumi-kace/receipt.json
}

settle() {
  [ -n "$SERVICE" ] || return 0
  step "configuring it for $PK_SERVER"
  agent_configure || {
    # What it said is the last line of the log, unless it said nothing.
    _why=$(tail -n 1 "$STAGE/log")
    case $_why in "configuring it for "* | ::kace*) _why= ;; esac
    failed install-failed "the agent did not take its configuration${_why:+: $_why}"
    return
  }
  step "starting the service $SERVICE"
  service_up "$SERVICE"
  return 0
}

# Until it is as wanted, or surely will not be, or the time is over.
verify() {
  uptime_seconds
  _deadline=$((NOW + PK_VERIFY_S))
  _quarantined=0 _seen=''
  while :; do
    look_agent
    JUST_LOOKED=yes
    CODE='' MESSAGE=''
    if [ "$PRESENT" != yes ]; then
      failed install-failed "the agent is not whole after the work"
    elif [ -z "$SERVICE" ]; then
      return 0
    elif [ "$SERVICE_STATE" != active ]; then
      failed service-not-running "the service $SERVICE is $SERVICE_STATE"
      [ "$SERVICE_STATE" != failed ] || return
    elif [ "$SERVICE_ENABLED" = no ]; then
      failed service-not-running "the service $SERVICE is not enabled at boot"
    elif [ "$PK_WAIT_CONNECTED" = no ]; then
      return 0
    elif [ "$ENROLMENT" = quarantined ] || [ "$ENROLMENT" = blocked ]; then
      # Twice, because the first may be what the agent still knew from before.
      _quarantined=$((_quarantined + 1))
      failed quarantined "the server $PK_SERVER has the agent in state \"$ENROLMENT\"${LINK_REMARK:+ ($LINK_REMARK)}"
      [ "$_quarantined" -lt 4 ] || return
    elif [ "$CONNECTED" = unknown ]; then
      # Nothing on this machine can tell; the server can.
      CODE='' MESSAGE=''
      step "whether it is connected cannot be told on this machine"
      return 0
    elif [ "$CONNECTED" != yes ]; then
      failed not-connected "the service runs, but the agent is not connected to $PK_SERVER${LINK_REMARK:+: $LINK_REMARK}"
    elif [ -n "$LINKED_TO" ] && ! linked_to_server; then
      failed not-connected "the agent is connected to $LINKED_TO, not to $PK_SERVER"
    elif [ "$ENROLMENT" = unknown ] && [ "$ENROLMENT_TOLD" = yes ]; then
      failed not-connected "the agent does not say yet whether it is approved"
    else
      step "connected to $PK_SERVER"
      return 0
    fi
    [ "$MESSAGE" = "$_seen" ] || { _seen=$MESSAGE; step "waiting: $MESSAGE"; }
    uptime_seconds
    [ "$NOW" -lt "$_deadline" ] || return 1
    pause
  done
}

keep_configuration() {
  mkdir -p "$STAGE/before"
  for _file in $CONFIG_FILES; do
    [ -f "$_file" ] && cp -p "$_file" "$STAGE/before/"
  done
  return 0
}

# A machine that cannot be moved to another server stays with the one it has.
give_back_configuration() {
  step "going back to the configuration it had"
  JUST_LOOKED=no
  for _file in $CONFIG_FILES; do
    _kept=$STAGE/before/${_file##*/}
    if [ -f "$_kept" ]; then cp -p "$_kept" "$_file"; else rm -f "$_file"; fi
  done
  service_up "$SERVICE"
}

remove() {
  step "removing $FLAVOUR"
  [ -z "$SERVICE" ] || service_down "$SERVICE"
  package_remove "$PACKAGE" "$PK_PURGE"
  case $RC in
    0) ;;
    timeout) failed remove-failed "the package manager did not end within $PK_INSTALL_S s; it was stopped" || return ;;
    *) failed remove-failed "the package manager ended with exit code $RC" || return ;;
  esac
  for _directory in $PROGRAM_DIRS; do rm -rf "$_directory"; done
  if [ "$PK_PURGE" = yes ]; then
    for _directory in $DATA_DIRS; do rm -rf "$_directory"; done
  fi
  if [ -n "$SERVICE" ]; then
    rm -f "/etc/init.d/$SERVICE" "/etc/systemd/system/$SERVICE.service"
    if [ "$INIT" = systemd ]; then
      systemctl daemon-reload
      systemctl reset-failed "$SERVICE.service" 2>/dev/null
    elif has update-rc.d; then
      update-rc.d "$SERVICE" remove
    fi
  fi
  package_look "$PACKAGE"
  _left=
  for _directory in $PROGRAM_DIRS; do [ -e "$_directory" ] && _left="$_left $_directory"; done
  if [ "$PK_PURGE" = yes ]; then
    for _directory in $DATA_DIRS; do [ -e "$_directory" ] && _left="$_left $_directory"; done
  fi
  SERVICE_STATE=absent
  [ -z "$SERVICE" ] || service_look "$SERVICE"
  if [ "$PACKAGE_STATE" != absent ]; then
    failed remove-failed "the package $PACKAGE is still there"
  elif [ "$SERVICE_STATE" != absent ] && [ "$SERVICE_STATE" != unknown ]; then
    failed remove-failed "the service $SERVICE is still there"
  elif [ -n "$_left" ]; then
    failed remove-failed "left on the machine:$_left"
  else
    rm -f /var/lib/pulumi-kace/receipt.json /var/lib/pulumi-kace/files
    rmdir /var/lib/pulumi-kace 2>/dev/null
    return 0
  fi
}

# This run holds the machine and has swept away all others: no news for the look at its end.
look_runs() { :; }

say_removal() {
  say removed.package "$PACKAGE_STATE"
  say removed.service "$SERVICE_STATE"
  say removed.left "$_left"
}

work() {
  case $PK_ACTION in
    install | upgrade | downgrade)
      put_in && { [ "$PK_FINAL" = yes ] || return 0; } && record && settle && verify
      ;;
    repair)
      { [ -z "$PK_FORMAT" ] || put_in; } && record && settle && verify
      ;;
    reconfigure)
      keep_configuration
      settle && verify && { record; return; }
      case $CODE in not-connected | service-not-running | install-failed) give_back_configuration ;; esac
      return 1
      ;;
    remove) remove ;;
    none) record ;;
  esac
}

if lock_hand_over "$PK_LOCK" $$; then
  work
  {
    if [ -n "$CODE" ]; then
      # An installer may say that nothing works before the next start.
      if [ "$CODE" = service-not-running ] && restart_is_due "$PACKAGE"; then
        CODE=reboot-required
      fi
      say code "$CODE"
      say message "$MESSAGE"
      tail -n 30 "$STAGE/log" | while IFS= read -r _line; do say log.tail "$_line"; done
      agent_log 2>/dev/null | tail -n 15 | while IFS= read -r _line; do say log.tail "$FLAVOUR: $_line"; done
    else
      say completed "$PK_ACTION"
    fi
    [ "$PK_ACTION" != remove ] || say_removal
    look_all
    say ended yes
  } >"$STAGE/result.new" 3>&- && mv -f "$STAGE/result.new" "$STAGE/result"
else
  # Somebody took the place of a process of ours that was killed: this run is over before it began.
  { say code busy; say message "another run took this machine"; say ended yes; } >"$STAGE/result"
fi
for _left in "$STAGE"/package.*; do
  [ ! -e "$_left" ] || rm -f "$_left"
done

exec 3>&- >/dev/null 2>&1
if started_at "$PK_MAIN" && [ "$STARTED" = "$PK_MAIN_STARTED" ]; then exit 0; fi
# Nobody waits: the machine is free again, and the result stays a minute for whoever comes back for it.
lock_release
sleep 60
rm -rf "$STAGE"
