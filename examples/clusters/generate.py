"""Writes the example clusters of this folder: `python generate.py [NAME...]`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLUSTERS = ("homelab", "edge-k3s", "production", "empty")


def main(names: list[str]) -> None:
    """Write the named clusters, or all of them."""
    for name in names or CLUSTERS:
        world = importlib.import_module(name.replace("-", "_")).build()
        target = HERE / f"{name}.json"
        world.write(target)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
