#!/bin/bash
# Plays the reference agent's part on disk and towards its service manager, with as little as that takes: it connects
# to the port of its server and says in its status what its token decides. Never shipped.
etc=/etc/kace-reference
lib=/var/lib/kace-reference

status() {
  printf '{"kuid":"11111111-2222-4333-8444-555555555555","server":"%s","connected":%s,"state":"%s","pid":%s}\n' \
    "$server" "$1" "$2" "$$" >$lib/status.json.new
  chmod 0644 $lib/status.json.new
  mv -f $lib/status.json.new $lib/status.json
}

case $1 in
  configure)
    mkdir -p -m 0755 $etc
    json=$(cat)
    server=$(printf '%s' "$json" | sed -n 's/.*"server":"\([^"]*\)".*/\1/p')
    (
      umask 077
      printf '{"server":"%s"}\n' "$server" >$etc/agent.json
      case $json in
        *'"token"'*) printf '%s' "$json" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p' >$etc/token ;;
      esac
    )
    ;;
  run)
    mkdir -p -m 0700 $lib
    server=$(sed -n 's/.*"server":"\([^"]*\)".*/\1/p' $etc/agent.json)
    if grep -q '^good' $etc/token 2>/dev/null; then
      rm -f $etc/token
      : >$lib/approved
    fi
    while :; do
      if exec 5<>"/dev/tcp/${server%:*}/${server##*:}"; then
        if [ -e $lib/approved ]; then status true approved; else status true quarantined; fi
        # Until the server closes.
        read -r _ <&5
        exec 5<&-
      fi 2>/dev/null
      status false unknown
      sleep 1
    done
    ;;
esac
