#!/usr/bin/env bash
# Writes requirements/*.txt anew from pyproject.toml; UPGRADE=1 moves every pin to its newest version.
# all.txt comes first and binds the others, so that one version of a package is used everywhere.
set -euo pipefail
cd "$(dirname "$0")/.."

export UV_CUSTOM_COMPILE_COMMAND="make lock"
options=(--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url)
if [ -n "${UPGRADE:-}" ]; then options+=(--upgrade); fi

lock() { # NAME, then what goes in
  local name=$1
  shift
  .venv/bin/uv pip compile "${options[@]}" "$@" --output-file "requirements/$name.txt" >/dev/null
  echo "lock: requirements/$name.txt, $(grep -c '==' "requirements/$name.txt") packages"
}

lock all pyproject.toml --group build --all-extras
tested=(--group build --extra dev --extra models --extra postgres --extra api --extra mcp)
lock dev pyproject.toml "${tested[@]}" --constraints requirements/all.txt
lock e2e pyproject.toml "${tested[@]}" --extra claude --extra browser --extra fuzz --constraints requirements/all.txt
lock core pyproject.toml --group build --constraints requirements/all.txt
version=$(.venv/bin/uv --version | cut -d' ' -f2)
lock uv - <<<"uv==$version"
