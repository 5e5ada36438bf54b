# The vendor's agent on Linux: 8.0 and newer, and before that 5.2 to 7.x in directories of the company that it was of then.
flavour_quest() {
  PACKAGE=ampagent
  PROGRAM_DIRS='/opt/quest/kace /opt/dell/kace'
  DATA_DIRS='/var/quest/kace /var/log/quest/kace /var/dell/kace /var/log/dell/kace'
  # Which generation is there; asked again after every package, because one may bring the next generation.
  agent_place() {
    AGENT_BIN=/opt/quest/kace/bin AGENT_DATA=/var/quest/kace SERVICE=konea LINK_PORT=''
    PROGRAM=/opt/quest/kace/bin/konea
    if [ ! -e "$PROGRAM" ] && [ -e /opt/dell/kace/bin/AMPTools ]; then
      AGENT_BIN=/opt/dell/kace/bin AGENT_DATA=/var/dell/kace PROGRAM=/opt/dell/kace/bin/AMPTools
      # Before 7.0 another program held the connection, to a port of its own.
      [ -e /opt/dell/kace/bin/konea ] || SERVICE=AMPAgent LINK_PORT=52230
    fi
    CONFIG_FILES=$AGENT_DATA/amp.conf
  }
  agent_place
  # Neither a file nor a command of it says whether the appliance has approved it.
  ENROLMENT_TOLD=no

  agent_version() {
    agent_place
    VERSION=
    if first_word "$AGENT_DATA/version"; then VERSION=$WORD; fi
    case $VERSION in
      [0-9]*) ;;
      *) VERSION= ;;
    esac
  }
  # setting KEY -> VALUE of amp.conf
  setting() {
    VALUE=
    load "$AGENT_DATA/amp.conf" || return 1
    while IFS= read -r _line; do
      case $_line in "$1="*) VALUE=${_line#*=} ;; esac
    done <<EOF
$LOADED
EOF
    [ -n "$VALUE" ]
  }
  agent_configured() {
    setting host || return 0
    SERVER=$VALUE
    case $SERVER in *:*) SERVER="[$SERVER]" ;; esac
    if setting port; then SERVER=$SERVER:$VALUE; else SERVER=$SERVER:443; fi
  }
  agent_link() {
    first_word "$AGENT_DATA/kuid.txt" && KUID=$WORD
    has ss || return 0
    CONNECTED=no
    # A connection to the server's port that a process of the agent holds.
    ss -Htnp state established "( dport = :${LINK_PORT:-${SERVER##*:}} )" 2>/dev/null | grep -q -E "\"$SERVICE\"|pid=${SERVICE_PID:-none}," && {
      CONNECTED=yes LINKED_TO=$SERVER
    }
    return 0
  }
  # The installer reads both from its environment, which only root can read of a process of root.
  agent_before_install() {
    KACE_SERVER=$PK_HOST
    KACE_TOKEN=$(printf '%s\n' "$CONFIG" | sed -n 's/^token=//p')
    export KACE_SERVER KACE_TOKEN
    [ -n "$KACE_TOKEN" ] || unset KACE_TOKEN
  }
  agent_after_install() { unset KACE_SERVER KACE_TOKEN; }
  agent_after_unpack() {
    [ "$INIT" = systemd ] || {
      /opt/quest/kace/bin/AMPAgentBootup start </dev/null 3>&-
      return 0
    }
    [ -e /etc/systemd/system/konea.service ] || cat >/etc/systemd/system/konea.service <<EOF
[Unit]
Description=Quest KACE One Agent
After=network-online.target
Wants=network-online.target

[Service]
Type=forking
RemainAfterExit=yes
SuccessExitStatus=5 6
ExecStart=/opt/quest/kace/bin/AMPctl start
ExecStop=/opt/quest/kace/bin/AMPctl stop

[Install]
WantedBy=multi-user.target
EOF
  }
  agent_before_unpacked_go() { [ ! -x /opt/quest/kace/bin/AMPctl ] || /opt/quest/kace/bin/AMPctl stop; }
  # AMPTools takes the token on its command line, where every user could read it; so the files are written, and the
  # agent reads them when it is started. What depends on another host is dropped by AMPTools, which has no secret to see.
  agent_configure() {
    agent_place
    agent_configured
    if [ "$SERVER" != "$PK_SERVER" ]; then
      [ ! -x "$AGENT_BIN/AMPTools" ] || "$AGENT_BIN/AMPTools" set -n "host=$PK_HOST"
      [ -z "$SERVER" ] || [ ! -x "$AGENT_BIN/AMPTools" ] || "$AGENT_BIN/AMPTools" retrust
    fi
    mkdir -p "$AGENT_DATA" || return 1
    (
      umask 077
      {
        [ ! -f "$AGENT_DATA/amp.conf" ] || grep -v -i -E '^(host|port|token)=' "$AGENT_DATA/amp.conf"
        printf 'host=%s\n' "$PK_HOST"
        [ "$PK_PORT" = 443 ] || printf 'port=%s\n' "$PK_PORT"
      } >"$AGENT_DATA/amp.conf.new" && mv -f "$AGENT_DATA/amp.conf.new" "$AGENT_DATA/amp.conf" || exit 1
      case $CONFIG in
        *token=*)
          printf '%s\n' "$CONFIG" | sed -n 's/^token=//p' >"$AGENT_DATA/sma.dat.new" &&
            mv -f "$AGENT_DATA/sma.dat.new" "$AGENT_DATA/sma.dat"
          ;;
      esac
    )
  } </dev/null 3>&-
  agent_log() {
    service_log "$SERVICE" || true
    tail -n 15 /var/log/quest/kace/konea.log
  }
}
