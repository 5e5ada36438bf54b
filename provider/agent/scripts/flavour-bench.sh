# Files and a version, and nothing that runs: what it costs to bring a package to a machine.
flavour_bench() {
  PACKAGE=kace-bench-agent
  SERVICE=
  PROGRAM=/opt/kace-bench/VERSION
  PROGRAM_DIRS=/opt/kace-bench
  DATA_DIRS=
  CONFIG_FILES=
  ENROLMENT_TOLD=no

  agent_version() {
    first_word /opt/kace-bench/VERSION
    VERSION=$WORD
  }
  agent_configured() { :; }
  agent_link() { :; }
  agent_before_install() { :; }
  agent_after_install() { :; }
  agent_after_unpack() { :; }
  agent_before_unpacked_go() { :; }
  agent_configure() { :; }
  agent_log() { :; }
}
