# Services, by systemd or by a script in /etc/init.d.

init_kind() {
  if [ -d /run/systemd/system ] && has systemctl; then
    INIT=systemd
  elif [ -d /etc/init.d ]; then
    INIT=sysv
  else
    INIT=none
  fi
}

# service_look NAME -> SERVICE_STATE (active inactive failed starting absent unknown), SERVICE_ENABLED, SERVICE_PID
service_look() {
  SERVICE_STATE=absent SERVICE_ENABLED=no SERVICE_PID=''
  case $INIT in
    systemd)
      _sub=
      for _line in $(systemctl show -p LoadState -p ActiveState -p SubState -p UnitFileState -p MainPID "$1.service" 2>/dev/null); do
        case $_line in
          LoadState=not-found) _sub=not-found ;;
          LoadState=masked) SERVICE_STATE=inactive ;;
          ActiveState=active | ActiveState=reloading) SERVICE_STATE=active ;;
          ActiveState=failed) SERVICE_STATE=failed ;;
          ActiveState=activating) SERVICE_STATE=starting ;;
          ActiveState=*) SERVICE_STATE=inactive ;;
          # A service that ends by itself and is started again and again is up for moments only.
          SubState=auto-restart*) SERVICE_STATE=failed ;;
          UnitFileState=enabled* | UnitFileState=static | UnitFileState=generated) SERVICE_ENABLED=yes ;;
          MainPID=0) ;;
          MainPID=*) SERVICE_PID=${_line#MainPID=} ;;
        esac
      done
      [ "$_sub" != not-found ] || SERVICE_STATE=absent
      ;;
    sysv)
      [ -x "/etc/init.d/$1" ] || return 0
      if within 20 "/etc/init.d/$1" status >/dev/null 2>&1 </dev/null 3>&-; then SERVICE_STATE=active; else SERVICE_STATE=inactive; fi
      for _link in /etc/rc[2-5].d/S??"$1" /etc/rc.d/rc[2-5].d/S??"$1"; do
        [ -e "$_link" ] && SERVICE_ENABLED=yes
      done
      ;;
    *)
      SERVICE_STATE=unknown SERVICE_ENABLED=unknown
      ;;
  esac
  return 0
}

# service_up NAME: enabled at boot, and started anew so that it reads its configuration
service_up() {
  case $INIT in
    systemd)
      systemctl daemon-reload
      systemctl unmask "$1.service"
      systemctl enable "$1.service"
      systemctl reset-failed "$1.service" 2>/dev/null
      within "$PK_INSTALL_S" systemctl restart "$1.service"
      ;;
    sysv)
      if has update-rc.d; then
        update-rc.d "$1" defaults
        update-rc.d "$1" enable
      elif has chkconfig; then
        chkconfig --add "$1"
        chkconfig "$1" on
      else
        for _level in 2 3 4 5; do
          [ -d "/etc/rc$_level.d" ] && ln -sf "../init.d/$1" "/etc/rc$_level.d/S99$1"
        done
      fi
      within "$PK_INSTALL_S" "/etc/init.d/$1" restart
      ;;
  esac
} </dev/null 3>&-

# service_down NAME: stopped, and not started at boot
service_down() {
  case $INIT in
    systemd)
      within "$PK_INSTALL_S" systemctl disable --now "$1.service"
      ;;
    sysv)
      [ -x "/etc/init.d/$1" ] && within "$PK_INSTALL_S" "/etc/init.d/$1" stop
      if has update-rc.d; then
        update-rc.d "$1" disable
      elif has chkconfig; then
        chkconfig "$1" off
      else
        rm -f /etc/rc[2-5].d/S??"$1"
      fi
      ;;
  esac
  return 0
} </dev/null 3>&-

# service_log NAME: its last lines
service_log() {
  [ "$INIT" = systemd ] && has journalctl && within 20 journalctl -u "$1.service" -n 15 --no-pager -o cat 2>/dev/null
}
