#!/usr/bin/env bash
# Brings programs of the system that tests need: scripts/programs.sh sandbox|docker|browser|metrics.
#
#   sandbox  bubblewrap, which isolates local agents; without it the next best means is tested
#   docker   an engine, its client, and debootstrap for an image; without them its tests are skipped
#   browser  Chromium and a font with Hangul, for the tests of the page; without them those are skipped
#   metrics  Prometheus, which scrapes a server once; without it that test is skipped
#
# As root on Debian or Ubuntu it installs what is missing and starts nothing; elsewhere it says what is
# missing and goes on. Says one line a step, nothing when there is nothing to do. The full output
# of apt is in .cache/programs.log.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
log=.cache/programs.log

say() { echo "programs: $*" >&2; }

packages=
need() { # PACKAGE PROGRAM...
  local package=$1 program
  shift
  for program in "$@"; do
    command -v "$program" >/dev/null || { packages="$packages $package" && return; }
  done
}

has_hangul() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=ko family)" ]; }

case ${1:?usage: scripts/programs.sh sandbox|docker|browser|metrics} in
  sandbox)
    need bubblewrap bwrap
    need git git
    ;;
  docker)
    need docker.io dockerd docker
    need debootstrap debootstrap
    ;;
  browser)
    need chromium chromium
    has_hangul || packages="$packages fonts-noto-cjk"
    ;;
  metrics)
    need prometheus prometheus promtool
    ;;
  *)
    say "there is no group $1"
    exit 2
    ;;
esac
[ -n "$packages" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  say "missing:$packages. As root on Debian: apt-get install$packages."
  exit 0
fi
mkdir -p .cache
# The package of docker would start an engine of its own; the tests start theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
say "installing$packages"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -qy --no-install-recommends $packages >>"$log" 2>&1 </dev/null; }
: >"$log"
if ! install; then
  apt-get update -q >>"$log" 2>&1 || true
  install || say "apt-get could not install$packages: $(tail -n 1 "$log") (all of it: $log)"
fi
