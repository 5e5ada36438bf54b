# The first process of a light host: makes the host's root its own, forgets the controller's, becomes the sshd.
set -eu
root=$1 devices=$2 behaviour=$3 port=$4 name=$5
hostname "$name"
cd "$root"
mount --bind "$devices" dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
pivot_root . mnt
cd /
umount --lazy /mnt
case $behaviour in
normal) set -- /usr/sbin/sshd -D -E /var/log/sshd.log ;;
none) set -- sleep infinity ;;
*) set -- /usr/bin/perl /usr/local/lib/lab/listener.pl "$behaviour" "$port" ;;
esac
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
