#!/usr/bin/env bash
# Brings .venv in line with one lock file: scripts/setup.sh core|dev|e2e. Each holds the ones before it.
#
# Needs Python 3.11 or newer; as root on Debian or Ubuntu it installs what is missing of it. Says one
# line a step, nothing when there is nothing to do, and one sentence when it cannot go on. The full
# output of the tools is in .cache/setup.log.
set -euo pipefail
cd "$(dirname "$0")/.."

extra=${1:?usage: scripts/setup.sh core|dev|e2e}
lock=requirements/$extra.txt
home=$(pwd -P)
log=.cache/setup.log

say() { echo "setup: $*" >&2; }

stop() { # SENTENCE
  say "$*"
  exit 1
}

last_words() { # of the tool that ran last
  sed -nE 's/^[[:space:]]*((ERROR|error|cause): )?(.*[^[:space:]]).*/\3/p' "$log" | tail -n 1 | cut -c1-200
}

quietly() { # SENTENCE, then the command; the sentence is said when the command fails
  local sentence=$1
  shift
  echo "\$ $*" >>"$log"
  if ! "$@" >>"$log" 2>&1 </dev/null; then
    stop "$sentence $(last_words) (all of it: $log)"
  fi
}

# What the environment is made from. A folder that was moved or copied has to be made anew.
sum_of() { { echo "$home"; cat "$1" requirements/uv.txt pyproject.toml scripts/setup.sh; } | cksum; }
wanted=$(sum_of "$lock")
is_ready() { [ -x .venv/bin/python ] && [ "$(cat ".venv/.ready-$extra" 2>/dev/null)" = "$wanted" ]; }
if is_ready; then exit 0; fi

mkdir -p .cache
if command -v flock >/dev/null; then # two makes at once: the second waits for the first
  exec 9>.cache/setup.lock
  flock 9
  if is_ready; then exit 0; fi
fi
: >"$log"

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() { # prints the first Python that is recent and can make environments
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if [ -n "$candidate" ] && is_recent "$candidate" && makes_venvs "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

install_python() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    stop "Python 3.11 or newer with its venv module is needed;" \
      "on Debian and Ubuntu: sudo apt-get install python3-venv, then try again."
  fi
  say "installing python3-venv with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-get install -y -qq --no-install-recommends python3-venv >>"$log" 2>&1 </dev/null; then
    quietly "apt-get could not read its package lists:" apt-get update -qq
    quietly "apt-get could not install python3-venv:" \
      apt-get install -y -qq --no-install-recommends python3-venv
  fi
}

is_usable() { # an environment that was made here, with a Python that still starts
  is_recent .venv/bin/python && grep -qF "$home/.venv" .venv/bin/activate &&
    .venv/bin/python -m pip --version >/dev/null 2>&1
}

follow_pip() { # uv does not read pip's configuration: hand on a private index and its certificate
  local name value
  while IFS='=' read -r name value; do
    value=${value#\'}
    value=${value%\'}
    case $name in
      *.index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$value} ;;
      *.extra-index-url) export UV_INDEX=${UV_INDEX:-$value} ;;
      *.trusted-host) export UV_INSECURE_HOST=${UV_INSECURE_HOST:-$value} ;;
      *.cert) export SSL_CERT_FILE=${SSL_CERT_FILE:-$value} ;;
    esac
  done < <(.venv/bin/python -m pip config list 2>/dev/null | sort)
}

if ! is_usable 2>/dev/null; then
  python=$(find_python) || { install_python; python=$(find_python); } ||
    stop "The Python here is older than 3.11; install a newer one and name it: make PYTHON=/path/to/python3."
  say "making .venv with $("$python" --version)"
  quietly "could not make .venv:" "$python" -m venv --clear .venv
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
uv_version=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements/uv.txt)
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
  say "fetching uv $uv_version"
  quietly "could not fetch uv; is a package index in reach?" \
    .venv/bin/python -m pip install --quiet --force-reinstall --no-deps \
    --only-binary :all: --require-hashes -r requirements/uv.txt
fi

follow_pip
uv_install=(.venv/bin/uv pip install --quiet --python .venv/bin/python)
say "installing what $lock pins"
quietly "could not install the packages of $lock; is a package index in reach?" \
  "${uv_install[@]}" --require-hashes -r "$lock"
quietly "could not install mas itself:" \
  "${uv_install[@]}" --no-deps --no-build-isolation --editable .

echo "$wanted" >".venv/.ready-$extra"
smaller=
case $extra in
  dev) smaller=core ;;
  e2e) smaller="core dev" ;;
esac
for one in $smaller; do
  sum_of "requirements/$one.txt" >".venv/.ready-$one"
done
