"""Importing MAS costs little and does nothing. Import directions are checked by lint-imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORT_ALL = """
import importlib, json, pkgutil, sys, threading

FORBIDDEN = ("socket.", "subprocess.", "os.fork", "os.mkdir", "os.rename", "os.remove")
happened = []

def watch(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        happened.append(f"wrote {args[0]}")
    elif event.startswith(FORBIDDEN):
        happened.append(f"{event} {args}")
    elif event == "sqlite3.connect":
        happened.append(f"opened {args[0]}")

import mas
# The modules of third parties come first: what they do on import is not ours to judge.
names = [m.name for m in pkgutil.walk_packages(mas.__path__, "mas.") if "__main__" not in m.name]
for name in names:
    importlib.import_module(name)
for name in [n for n in sys.modules if n == "mas" or n.startswith("mas.")]:
    del sys.modules[name]
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
threads = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
print(json.dumps({"modules": len(names), "happened": happened, "threads": threads}))
"""


def _python(code: str, home: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code],
        env={
            "HOME": str(home),
            "MAS_HOME": str(home / "mas"),
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(home / "no-kubeconfig"),
        },
        cwd=home,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow  # `make check` runs it as well
def test_importing_every_module_writes_no_file_opens_no_socket_and_starts_no_thread(
    tmp_path: Path,
) -> None:
    seen = json.loads(_python(IMPORT_ALL, tmp_path))
    assert seen["modules"] > 0
    assert seen["happened"] == []
    assert seen["threads"] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["sqlalchemy", "lightkube", "httpx2", "yaml"])
def test_the_command_line_starts_without_heavy_modules(module: str, tmp_path: Path) -> None:
    code = f"import sys, mas.cli.main; print({module!r} in sys.modules)"
    assert _python(code, tmp_path).strip() == "False"
