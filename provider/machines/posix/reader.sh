# Reads a script from stdin and runs it, so that nothing of it stands on a command line. It is joined to one line and
# quoted for whatever shell the user has, so: no single quotes, no backslashes, no exclamation marks, and every line
# must still be right when the next one follows it after a space.
#
# stdin: "<bytes of the script> <nonce>", the script, then whatever the script itself reads. The script is read to the
# exact byte: dd with `fullblock` where there is one, else byte by byte, because most readers take more than they need.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH;
LC_ALL=C;
export PATH LC_ALL;
umask 077;
echo "kace~begin $$";
echo "kace~begin $$" >&2;
IFS=" " read -r n k || exit 96;
s=$(dd bs="$n" count=1 iflag=fullblock 2>/dev/null) || s=$(dd bs=1 count="$n" 2>/dev/null);
case "$s" in *"#kace~whole") ;; *) exit 96 ;; esac;
( eval "$s" );
c=$?;
echo "kace~end $k $c";
echo "kace~end $k $c" >&2;
exit "$c"
