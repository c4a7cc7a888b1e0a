"""Writes the example clusters: `python generate.py [NAME...] [--into FOLDER]`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLUSTERS = ("homelab", "edge-k3s", "production", "empty")


def main() -> None:
    """Write the named clusters, or all of them, beside this script or into another folder."""
    parser = argparse.ArgumentParser(description="Write the example clusters.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CLUSTERS))
    parser.add_argument("--into", type=Path, default=HERE)
    options = parser.parse_args()
    for name in options.names or CLUSTERS:
        world = importlib.import_module(f"generator.{name.replace('-', '_')}").build()
        target = options.into / f"{name}.json"
        world.write(target)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
