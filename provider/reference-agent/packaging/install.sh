#!/bin/sh
# For machines without dpkg and rpm. Unpack the archive, then run this as root:
#   tar -xzf kace-reference-agent-<version>-linux-<architecture>.tar.gz -C / && sh /opt/kace-reference/install.sh
# The name of the archive may be given, since it may name the server: ... install.sh ./<archive>
exec sh /opt/kace-reference/lib/service.sh register "$@"
