# Mounts the root of every host. Standard input: a line `target options` for each.
set -eu
while read -r target options; do
  mount -t overlay -o "$options" lab "$target"
done
