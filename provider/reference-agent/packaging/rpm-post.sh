#!/bin/sh
exec sh /opt/kace-reference/lib/service.sh register
