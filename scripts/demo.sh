#!/usr/bin/env bash
# Asks the question of the README on the example cluster, in a fresh MAS_HOME under .cache.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf .cache/demo
mkdir -p .cache
exec env MAS_HOME="$PWD/.cache/demo" .venv/bin/mas ask "Tekton 도입 여부를 결정해줘" \
  --cluster examples/clusters/homelab.json
