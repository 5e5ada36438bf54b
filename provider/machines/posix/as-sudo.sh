# Runs the reader ($1) as root by sudo that must not ask for a password. Same rules as in reader.sh.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH;
LC_ALL=C;
export PATH LC_ALL;
if [ "$(id -u)" = 0 ]; then exec sh -c "$1"; fi;
exec sudo -n sh -c "$1"
