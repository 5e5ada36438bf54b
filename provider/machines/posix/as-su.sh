# Runs the reader ($1) as root by su, which asks for root's password. PATH holds nothing of the user's: su keeps it.
# Same rules as in reader.sh.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin;
LC_ALL=C;
export PATH LC_ALL;
if [ "$(id -u)" = 0 ]; then exec sh -c "$1"; fi;
exec su -s /bin/sh -c "$1" root
