# What an installation asks of a machine besides what every look tells. Nothing here writes.

# look_mount DIRECTORY KEY: the options of the file system that holds it
look_mount() {
  [ -r /proc/self/mounts ] || return 0
  _place=$(cd "$1" 2>/dev/null && pwd -P) || return 0
  _best='' _options=''
  while read -r _device _point _type _those _rest; do
    _inside=${_point%/}/
    case ${_place%/}/ in
      "$_inside"*) ;;
      *) continue ;;
    esac
    # The longest is the nearest, and of two on one place the later one lies on top.
    [ "${#_point}" -lt "${#_best}" ] || { _best=$_point _options=$_those; }
  done </proc/self/mounts
  say "mount.$2" "$_options"
}

# look_locks FILE...: who holds one of them, by the kernel's own list; asking does not wait for anybody
look_locks() {
  [ -r /proc/locks ] || return 0
  for _file in "$@"; do
    [ -e "$_file" ] || continue
    _inode=$(ls -Lid "$_file" 2>/dev/null)
    _inode=${_inode#"${_inode%%[! ]*}"}
    _inode=${_inode%% *}
    [ -n "$_inode" ] || continue
    # 1: POSIX  ADVISORY  WRITE 4242 fe:00:1310 0 EOF; one that only waits has an arrow in the second place
    while read -r _number _kind _mandatory _mode _pid _where _rest; do
      [ "$_kind $_mode ${_where##*:}" = "POSIX WRITE $_inode" ] || continue
      _program=
      [ ! -r "/proc/$_pid/comm" ] || read -r _program <"/proc/$_pid/comm"
      note package.lock "$_pid $_program"
      return 0
    done </proc/locks
  done
  note package.lock free
}

look_prerequisites() {
  note clock "$(date +%s 2>/dev/null)"
  look_mount /var/tmp staging
  if [ -d /opt ]; then look_mount /opt install; else look_mount / install; fi
  look_locks /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock
  for _tool in tar gzip systemctl; do
    has "$_tool" && note has "$_tool"
  done
  say_notes
}

look_prerequisites
