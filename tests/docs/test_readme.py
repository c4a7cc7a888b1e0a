"""What the README shows works as it stands there (U1)."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    line.split(" #")[0].strip()
    for block in BLOCK.findall(README)
    for line in block.splitlines()
    if line.startswith("mas ")
]
QUESTION = "Tekton 도입 여부를 결정해줘"
COMMANDS = sorted(set(re.findall(r"^\| `mas ([a-z]+(?: [a-z]+)?)\b", README, re.MULTILINE)))
EXCERPT = re.search(r"<!-- demo -->\n```\w*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _mas(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `mas` as a person without any cluster would, from the top of the project."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("mas")), *words],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "MAS_HOME": str(home / "mas"),
            "KUBECONFIG": str(home / "none"),
        },
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home in which the question of the demo was asked, and what came back."""
    home = tmp_path_factory.mktemp("home")
    done = _mas(home, "ask", QUESTION, "--cluster", "examples/clusters/homelab.json")
    assert done.returncode == 0, done.stderr
    return home, done.stdout


def test_u1_the_readme_shows_questions_runs_and_clusters() -> None:
    shown = {snippet.split()[1] for snippet in SNIPPETS}
    assert {"ask", "runs", "cluster"} <= shown
    assert QUESTION in README


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_u1_a_snippet_of_the_readme_ends_well(
    snippet: str, asked: tuple[Path, str], tmp_path: Path
) -> None:
    home, _ = asked
    words = shlex.split(snippet)[1:]
    if "-o" in words:  # what a snippet writes goes to a folder of this test
        words[words.index("-o") + 1] = str(tmp_path / "written")
    done = _mas(home, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_u1_a_command_of_the_table_explains_itself(command: str, tmp_path: Path) -> None:
    done = _mas(tmp_path, *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_d6_the_report_shown_in_the_readme_is_what_is_printed(asked: tuple[Path, str]) -> None:
    _, printed = asked
    assert EXCERPT is not None
    shown = [line for line in EXCERPT.group(1).splitlines() if line != "..."]
    assert [line for line in shown if line not in printed.splitlines()] == []


@pytest.mark.e2e
def test_r1_make_demo_prints_the_korean_report() -> None:
    done = subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Tekton" in done.stdout
    assert "Gitea" in done.stdout
    assert re.search("[가-힣]", done.stdout)
