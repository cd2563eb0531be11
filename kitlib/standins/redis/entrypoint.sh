#!/bin/sh
# As the official image's entrypoint: Redis never runs as root, and answers from other hosts.
set -eu

[ "$1" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown redis:redis .
  exec setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
fi

exec "$@" --protected-mode no
