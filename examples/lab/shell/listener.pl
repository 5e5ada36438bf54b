# Plays a broken sshd: accepts every connection and says nothing (`silent`), or only who it is (`banner`), for ever.
use strict;
use warnings;
use Socket;

my ($behaviour, $port) = @ARGV;
socket(my $listener, PF_INET, SOCK_STREAM, getprotobyname('tcp') // 6) or die "socket: $!";
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
bind($listener, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
listen($listener, 1024) or die "listen: $!";
my @kept;
while (accept(my $connection, $listener)) {
  syswrite($connection, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") if $behaviour eq 'banner';
  push @kept, $connection;
}
