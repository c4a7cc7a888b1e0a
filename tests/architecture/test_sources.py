"""What every file of this project keeps to, whoever writes it."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LONGEST_FILE_LINES = 500
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
MADE_HERE = {".git", ".venv", ".cache", "__pycache__", "build", "dist"}
# A letter in brackets keeps this file from naming what it forbids.
FORBIDDEN = re.compile(
    r"python[h]osted|p[y]pi\.org|registry\.n[p]mjs|deb\.d[e]bian|proxy\.g[o]lang"
    r"|/h[o]me/\w+/|/U[s]ers/\w+/|/r[o]ot/\w+"
)


def _files() -> list[Path]:
    """Files under version control or about to be; without git, all that no tool has made."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()
        ]
    return [
        p for p in ROOT.rglob("*") if p.is_file() and not MADE_HERE & set(p.relative_to(ROOT).parts)
    ]


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_every_package_says_what_lives_there() -> None:
    packages = sorted((ROOT / "src").rglob("__init__.py"))
    folders = {p.parent for p in (ROOT / "src/mas").rglob("*.py")}
    assert packages
    assert _names(sorted(folders - {p.parent for p in packages})) == []
    silent = [p for p in packages if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert _names(silent) == []


def test_no_source_file_is_too_long_to_read() -> None:
    long = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if path.read_text("utf-8").count("\n") > LONGEST_FILE_LINES
    ]
    assert _names(long) == []


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    places = []
    for path in _files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found = FORBIDDEN.findall(text) + [str(ROOT)] * (f"{ROOT}/" in text)
        places += [f"{path.relative_to(ROOT)}: {name}" for name in found]
    assert places == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_a_lock_file_pins_every_package_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    entries = [
        e for e in text.replace("\\\n", " ").splitlines() if e and not e.lstrip().startswith("#")
    ]
    assert entries
    assert [e for e in entries if "==" not in e or "--hash=sha256:" not in e] == []


def test_the_lock_files_agree_with_the_declared_dependencies_and_with_each_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    core = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    wanted = {
        "core": core,
        "dev": core + extras["dev"],
        "all": core + [line for extra in extras.values() for line in extra],
    }
    pins = {lock.stem: _pins(lock) for lock in LOCKS}
    stale = []
    for name, lines in wanted.items():
        for line in map(Requirement, lines):
            pinned = pins[name].get(_normal(line.name))
            if pinned is None or not line.specifier.contains(pinned):
                stale.append(f"{name}.txt: {line} (pinned: {pinned})")
    assert stale == []
    assert pins["core"].items() <= pins["dev"].items() <= pins["all"].items()


def _pins(lock: Path) -> dict[str, str]:
    found = re.findall(
        r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", lock.read_text("utf-8"), re.MULTILINE
    )
    return {_normal(name): version for name, version in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
