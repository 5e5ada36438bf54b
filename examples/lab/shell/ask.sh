#!/bin/sh
# Answers ssh-keygen, which takes a passphrase from a terminal, from a command line that all can read, or from this.
printf '%s\n' "$LAB_PASSPHRASE"
