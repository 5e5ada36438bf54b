#!/bin/sh
# Registers the agent with the machine's service manager, or takes it out again. The one place where packages of every
# format do so: Debian's and RPM's scripts and the archive's installer only call it.
#
#   service.sh register     at the first installation: enabled at boot, started if it is configured;
#                           at an upgrade: restarted if it runs, and nothing else
#   service.sh unregister   stopped, and no longer started at boot
set -u

name=kace-reference-agent
lib=/opt/kace-reference/lib
unit=$name.service
update_unit=$name-update.service
configuration=/etc/kace-reference/agent.json
# Tells an upgrade from a first installation, whatever the package format.
registered=$lib/registered

booted_with_systemd() {
  [ -d /run/systemd/system ]
}

has() {
  command -v "$1" >/dev/null 2>&1
}

unit_is_known() {
  [ -e "/usr/lib/systemd/system/$unit" ] || [ -e "/lib/systemd/system/$unit" ] || [ -e "/etc/systemd/system/$unit" ]
}

# Packages bring the unit where their distribution keeps units; an archive cannot know where that is.
bring_unit() {
  unit_is_known || cp "$lib/$unit" "/etc/systemd/system/$unit"
}

enable_with_links() {
  cp "$lib/init.sh" "/etc/init.d/$name" || return 1
  chmod 0755 "/etc/init.d/$name" || return 1
  if has update-rc.d; then
    update-rc.d "$name" defaults >/dev/null
  elif has chkconfig; then
    chkconfig --add "$name"
  else
    for level in 2 3 4 5; do
      [ -d "/etc/rc$level.d" ] && ln -sf "../init.d/$name" "/etc/rc$level.d/S90$name"
    done
    for level in 0 1 6; do
      [ -d "/etc/rc$level.d" ] && ln -sf "../init.d/$name" "/etc/rc$level.d/K10$name"
    done
    return 0
  fi
}

disable_with_links() {
  [ -e "/etc/init.d/$name" ] || return 0
  rm -f "/etc/init.d/$name"
  if has update-rc.d; then
    update-rc.d "$name" remove >/dev/null
  elif has chkconfig; then
    chkconfig --del "$name"
  fi
  rm -f /etc/rc?.d/[SK]??"$name"
}

# What the installation was told of the server, by its environment or by the name of its package. An agent that is
# configured stays so; one that cannot be is installed all the same, and says why it waits.
configure_as_installed() {
  [ ! -e "$configuration" ] || return 0
  /opt/kace-reference/bin/kace-agent configure --installed >/dev/null ||
    echo "the agent is installed, but not configured" >&2
}

register() {
  [ -e "$registered" ] || configure_as_installed
  if booted_with_systemd; then
    bring_unit || return 1
    systemctl daemon-reload || return 1
    if [ -e "$registered" ]; then
      systemctl try-restart "$unit"
      return
    fi
    systemctl enable --quiet "$unit" || return 1
    : >"$registered" || return 1
    [ ! -e "$configuration" ] || systemctl restart "$unit"
    return
  fi
  if [ -e "$registered" ]; then
    cp "$lib/init.sh" "/etc/init.d/$name" || return 1
    "/etc/init.d/$name" try-restart
    return
  fi
  mkdir -p /etc/init.d || return 1
  enable_with_links || return 1
  # An image that is made without systemd running may be booted with it.
  if has systemctl && [ -d /etc/systemd/system ]; then
    bring_unit && systemctl enable --quiet "$unit" || echo "the systemd unit could not be enabled here" >&2
  fi
  : >"$registered" || return 1
  [ ! -e "$configuration" ] || "/etc/init.d/$name" start
}

# Goes on whatever fails: a service that cannot be stopped must not make a package that cannot be removed.
unregister() {
  # An update under way would put the agent back.
  if [ -e "/etc/systemd/system/$update_unit" ]; then
    if booted_with_systemd; then systemctl stop "$update_unit" || echo "the update could not be stopped" >&2; fi
    rm -f "/etc/systemd/system/$update_unit" "/etc/systemd/system/multi-user.target.wants/$update_unit"
  fi
  rm -f /var/lib/kace-reference/update/state.json
  if booted_with_systemd; then
    systemctl stop "$unit" || echo "the service could not be stopped" >&2
  elif [ -x "/etc/init.d/$name" ]; then
    "/etc/init.d/$name" stop || echo "the service could not be stopped" >&2
  fi
  if has systemctl && unit_is_known; then
    systemctl disable --quiet "$unit" || echo "the service could not be disabled" >&2
  fi
  disable_with_links
  if [ -e "/etc/systemd/system/$unit" ]; then
    rm -f "/etc/systemd/system/$unit"
    if booted_with_systemd; then systemctl daemon-reload; fi
  fi
  rm -f "$registered"
}

case "${1:-}" in
  register) register ;;
  unregister) unregister ;;
  *)
    echo "usage: $0 register|unregister" >&2
    exit 2
    ;;
esac
