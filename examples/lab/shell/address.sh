# Gives every host its address. Standard input: a line `namespace address/prefix-length` for each.
set -eu
while read -r namespace address; do
  printf 'addr add %s dev eth0\nlink set lo up\nlink set eth0 up\n' "$address" | ip -n "$namespace" -batch -
done
