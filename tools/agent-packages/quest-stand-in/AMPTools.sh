#!/bin/sh
# Stands in for the vendor's AMPTools: get, set, resetconf, retrust, start, stop, restart, uninstall. Verbs may have a
# dash in front, and property names may be in upper case, as with the vendor's.
set -u
data=/var/quest/kace
conf=$data/amp.conf

fail() {
  echo "AMPTools: $*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail "must be run as root"

service() {
  if [ -d /run/systemd/system ]; then systemctl "$1" konea.service; else /opt/quest/kace/bin/AMPctl "$1"; fi
}

lower() {
  printf '%s' "$1" | tr '[:upper:]' '[:lower:]'
}

get() {
  [ -f "$conf" ] || return 0
  if [ -z "${1:-}" ]; then
    cat "$conf"
    return
  fi
  sed -n "s/^$(lower "$1")=//p" "$conf"
}

# put KEY VALUE. The token has a file of its own; another host forgets what depends on the last one.
put() {
  case $1 in *[!a-z0-9_]* | '') fail "no such property: $1" ;; esac
  if [ "$1" = token ]; then
    (umask 077 && printf '%s\n' "$2" >"$data/sma.dat")
    return
  fi
  [ "$1" != host ] || [ "$(get host)" = "$2" ] || rm -f "$data/cacert"
  {
    [ ! -f "$conf" ] || grep -v "^$1=" "$conf"
    printf '%s=%s\n' "$1" "$2"
  } >"$conf.new"
  mv -f "$conf.new" "$conf"
}

set_all() {
  restart=yes
  for pair in "$@"; do
    case $pair in
      -n) restart=no ;;
      *=*) put "$(lower "${pair%%=*}")" "${pair#*=}" ;;
      *) fail "expected key=value, not $pair" ;;
    esac
  done
  [ "$restart" = no ] || service restart
}

uninstall() {
  case "${1:-}" in '' | all | all-kuid) ;; *) fail "unknown: uninstall $1" ;; esac
  if [ -e /var/lib/dpkg/info/ampagent.list ]; then dpkg -r ampagent; else rpm -e ampagent; fi || exit 1
  case "${1:-}" in
    all) find "$data" -mindepth 1 ! -name kuid.txt -delete ;;
    all-kuid) rm -rf "$data" /var/log/quest/kace ;;
  esac
}

mkdir -p "$data"
verb=${1:-help}
verb=${verb#-}
[ "$#" = 0 ] || shift
case $verb in
  get) get "$@" ;;
  set) set_all "$@" ;;
  resetconf)
    rm -f "$conf"
    set_all "$@"
    ;;
  retrust) rm -f "$data/cacert" && service restart ;;
  start | stop | restart) service "$verb" ;;
  uninstall) uninstall "$@" ;;
  *=*) set_all "$verb" "$@" ;;
  help | h | '?') echo "AMPTools (stand-in): get set resetconf retrust start stop restart uninstall" ;;
  *) fail "unknown: $verb" ;;
esac
