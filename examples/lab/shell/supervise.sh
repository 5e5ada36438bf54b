# Runs a host with systemd, again after each reboot, until it is powered off or killed.
# $1: its name among all labs, $2: its root.
set -eu
machine=$1 root=$2

# A cgroup of its own, or two systemds fight over one. It is made anew for each boot.
enter_cgroup() {
  for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy/$machine"
    # The shell that is written here is the one that becomes nspawn.
    sh -c 'echo "$PPID" >"$1"' enter "$hierarchy/$machine/cgroup.procs"
  done
}

while :; do
  status=0
  (
    enter_cgroup
    exec systemd-nspawn --register=no --keep-unit --quiet --settings=no --boot "--machine=$machine" \
      "--network-namespace-path=/run/netns/$machine" --directory="$root" --link-journal=no --resolv-conf=off \
      --timezone=off --console=pipe
  ) </dev/null || status=$?
  # How nspawn says that the host asked for a reboot.
  [ "$status" = 133 ] || exit "$status"
done
