# Starts light hosts, all at once. $1: the script that runs inside. Standard input: for each host a line
# `namespace root devices pid-file log-file behaviour port name`.
set -eu
inside=$1
while read -r namespace root devices pid_file log_file behaviour port name; do
  setsid nsenter "--net=/run/netns/$namespace" \
    unshare --mount --uts --ipc --pid --fork --kill-child \
    sh -c "$inside" light "$root" "$devices" "$behaviour" "$port" "$name" </dev/null >>"$log_file" 2>&1 &
  echo $! >"$pid_file"
done
