# The vendor's agent, 8.0 and newer, on Linux.
flavour_quest() {
  PACKAGE=ampagent
  SERVICE=konea
  PROGRAM=/opt/quest/kace/bin/konea
  PROGRAM_DIRS=/opt/quest/kace
  DATA_DIRS='/var/quest/kace /var/log/quest/kace'
  CONFIG_FILES='/var/quest/kace/amp.conf'
  # Neither a file nor a command of it says whether the appliance has approved it.
  ENROLMENT_TOLD=no

  agent_version() {
    VERSION=
    if first_word /var/quest/kace/version; then VERSION=$WORD; fi
    case $VERSION in
      [0-9]*) ;;
      *) VERSION= ;;
    esac
  }
  # setting KEY -> VALUE of amp.conf
  setting() {
    VALUE=
    load /var/quest/kace/amp.conf || return 1
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
    first_word /var/quest/kace/kuid.txt && KUID=$WORD
    has ss || return 0
    CONNECTED=no
    # A connection to the server's port that a process of the agent holds.
    ss -Htnp state established "( dport = :${SERVER##*:} )" 2>/dev/null | grep -q -E "\"konea\"|pid=${SERVICE_PID:-none}," && {
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
    agent_configured
    if [ "$SERVER" != "$PK_SERVER" ]; then
      [ ! -x /opt/quest/kace/bin/AMPTools ] || /opt/quest/kace/bin/AMPTools set -n "host=$PK_HOST"
      [ -z "$SERVER" ] || [ ! -x /opt/quest/kace/bin/AMPTools ] || /opt/quest/kace/bin/AMPTools retrust
    fi
    mkdir -p /var/quest/kace || return 1
    (
      umask 077
      {
        [ ! -f /var/quest/kace/amp.conf ] || grep -v -i -E '^(host|port|token)=' /var/quest/kace/amp.conf
        printf 'host=%s\n' "$PK_HOST"
        [ "$PK_PORT" = 443 ] || printf 'port=%s\n' "$PK_PORT"
      } >/var/quest/kace/amp.conf.new && mv -f /var/quest/kace/amp.conf.new /var/quest/kace/amp.conf || exit 1
      case $CONFIG in
        *token=*)
          printf '%s\n' "$CONFIG" | sed -n 's/^token=//p' >/var/quest/kace/sma.dat.new &&
            mv -f /var/quest/kace/sma.dat.new /var/quest/kace/sma.dat
          ;;
      esac
    )
  } </dev/null 3>&-
  agent_log() {
    service_log "$SERVICE" || true
    tail -n 15 /var/log/quest/kace/konea.log
  }
}
