# Turns what debootstrap made into the base of all hosts. $1: the folder that holds it, as `root`. Beside it two thin
# layers are made, one of which lies over the base in every host: `debian` hides rpm; `rpm` hides dpkg and apt, and
# makes the host one of the RPM family with a package database of its own.
set -eu
folder=$1
root=$folder/root
units=$root/etc/systemd/system

# Small and quick to boot: only what a host needs to be logged in to.
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/* \
  "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/usr/share/info/* \
  "$root"/var/log/*.log "$root"/var/log/apt "$root"/etc/update-motd.d/* "$root"/etc/ssh/ssh_host_*
: >"$root/etc/motd"
: >"$root/etc/fstab"
: >"$root/etc/resolv.conf"
: >"$root/etc/machine-id"
rm -rf "$units"/*.wants
mkdir -p "$units/multi-user.target.wants" "$root/usr/local/lib/lab"
ln -s /lib/systemd/system/ssh.service "$units/multi-user.target.wants/ssh.service"
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"
for unit in systemd-logind.service getty.target console-getty.service getty-static.service \
  systemd-journal-flush.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer \
  systemd-sysusers.service systemd-firstboot.service systemd-machine-id-commit.service systemd-binfmt.service \
  systemd-random-seed.service systemd-repart.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
  systemd-modules-load.service systemd-sysctl.service systemd-ask-password-wall.path \
  systemd-ask-password-console.path proc-sys-fs-binfmt_misc.automount systemd-initctl.socket \
  systemd-journald-audit.socket kmod-static-nodes.service; do
  ln -sf /dev/null "$units/$unit"
done

# Debian's rpm keeps its database in the home folder; here it is the host's own.
mkdir -p "$root/etc/rpm" "$root/build"
printf '%%_dbpath /var/lib/rpm\n' >"$root/etc/rpm/macros"
cat >"$root/build/system.spec" <<'SPEC'
Name: lab-system
Version: 9.4
Release: 1
Summary: What a minimal installation of the RPM family brings
License: Apache-2.0
BuildArch: noarch
Provides: /bin/sh, /bin/bash, /usr/bin/sh, /usr/bin/bash, bash, coreutils, glibc, shadow-utils, chkconfig
Provides: systemd = 252, systemd-units = 252, openssl, rocky-release = 9.4, redhat-release = 9.4
%description
Stands for the packages of a minimal installation, so that what needs a shell or systemd can be installed.
%files
SPEC
chroot "$root" rpmbuild -bb --quiet --define '_topdir /build' --define '_buildhost lab' /build/system.spec
chroot "$root" sh -c 'rpm --force-debian -i --justdb /build/RPMS/noarch/*.rpm'
rm -rf "$root/build"

# A character device 0:0 in an upper layer of an overlay hides what lies below it.
hide() {
  mkdir -p "$folder/$1/$(dirname "$2")"
  mknod "$folder/$1/$2" c 0 0
}
mkdir -p "$folder/debian" "$folder/rpm/var/lib" "$folder/rpm/etc"
mv "$root/var/lib/rpm" "$folder/rpm/var/lib/rpm"
mkdir "$root/var/lib/rpm"
for path in "$root"/usr/bin/rpm*; do hide debian "usr/bin/${path##*/}"; done
hide debian usr/lib/rpm
hide debian var/lib/rpm
hide debian etc/rpm
for path in "$root"/usr/bin/dpkg* "$root"/usr/bin/apt* "$root"/usr/bin/debconf*; do
  hide rpm "usr/bin/${path##*/}"
done
for path in "$root"/usr/sbin/dpkg*; do hide rpm "usr/sbin/${path##*/}"; done
for path in var/lib/dpkg usr/lib/apt var/lib/apt etc/apt etc/dpkg etc/debian_version; do hide rpm "$path"; done
# Debian's rpm warns that it is not the system's own whenever it changes something. Here it is.
for option in -i --install -U --upgrade -F --freshen -e --erase; do
  echo "rpm alias $option --force-debian $option"
done >"$folder/rpm/etc/popt"
mkdir -p "$folder/rpm/usr/lib"
cat >"$folder/rpm/usr/lib/os-release" <<'RELEASE'
NAME="Rocky Linux"
VERSION="9.4 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
RELEASE
echo 'Rocky Linux release 9.4 (Blue Onyx)' >"$folder/rpm/etc/redhat-release"
