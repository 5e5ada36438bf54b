# The KACE reference agent.
flavour_reference() {
  PACKAGE=kace-reference-agent
  SERVICE=kace-reference-agent
  PROGRAM=/opt/kace-reference/bin/kace-agent
  PROGRAM_DIRS=/opt/kace-reference
  DATA_DIRS='/etc/kace-reference /var/lib/kace-reference /var/log/kace-reference'
  CONFIG_FILES='/etc/kace-reference/agent.json /etc/kace-reference/ca.pem'
  ENROLMENT_TOLD=yes

  agent_version() {
    first_word /opt/kace-reference/VERSION
    VERSION=$WORD
  }
  agent_configured() {
    load /etc/kace-reference/agent.json && json_get "$LOADED" server && SERVER=$VALUE
    load /etc/kace-reference/ca.pem && TRUST=$LOADED
    return 0
  }
  agent_link() {
    # Whoever may not look into the directory knows nothing; where there is no status yet, there is no connection.
    [ ! -d /var/lib/kace-reference ] || [ -x /var/lib/kace-reference ] || return 0
    CONNECTED=no
    load /var/lib/kace-reference/status.json || return 0
    json_get "$LOADED" kuid && KUID=$VALUE
    # What an earlier process wrote is no news of this one.
    json_get "$LOADED" pid
    [ -n "$VALUE" ] && [ -d "/proc/$VALUE" ] || return 0
    [ -z "$SERVICE_PID" ] || [ "$SERVICE_PID" = "$VALUE" ] || return 0
    json_get "$LOADED" state && ENROLMENT=$VALUE
    json_get "$LOADED" reason && LINK_REMARK=$VALUE
    [ -n "$LINK_REMARK" ] || { json_get "$LOADED" lastError && LINK_REMARK=$VALUE; }
    json_get "$LOADED" server && LINKED_TO=$VALUE
    json_get "$LOADED" connected && [ "$VALUE" = true ] && CONNECTED=yes
    return 0
  }
  agent_before_install() { :; }
  agent_after_install() { :; }
  agent_after_unpack() { sh /opt/kace-reference/install.sh; }
  agent_before_unpacked_go() { sh /opt/kace-reference/lib/service.sh unregister; }
  agent_configure() { printf '%s' "$CONFIG" | "$PROGRAM" configure; }
  agent_log() {
    service_log "$SERVICE" || tail -n 15 /var/log/kace-reference/agent.log
  }
}
