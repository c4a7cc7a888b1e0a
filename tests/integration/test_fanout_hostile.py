"""What a person, a repository or an agent may do to a fanout run that nobody would expect."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from mas.core.errors import UserError
from mas.core.language import detect_language
from mas.repositories.git import find_git
from mas.repositories.include import copy_files
from mas.repositories.source import look_at
from support.command import Mas
from support.fanout_world import (
    FIXED,
    JUDGED,
    by_agent,
    fingerprint,
    git,
    persons_repository,
    run_folder,
    script_file,
)

pytestmark = pytest.mark.slow

SECRET = "canary-of-the-person"
NOTHING = {"steps": [{"say": "Nothing to do."}]}


def shell(line: str) -> dict[str, object]:
    return {"run": ["sh", "-c", line], "any_exit": True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--repo", ""), "empty name"),
        (("--setup", 'npm "ci'), "set-up command"),
    ],
)
def test_q1_an_option_that_names_nothing_is_refused_by_its_own_name(
    mas: Mas,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(persons_repository(tmp_path / "project"))
    words = ("ask", "Do it.", "--agents", "1", "--coder", script_file(tmp_path, NOTHING))
    assert said in mas(*words, *options, "--json").refused(2)
    assert mas.runs() == []


def test_q1_a_path_that_is_no_text_is_refused(mas: Mas, tmp_path: Path) -> None:
    folder = persons_repository(tmp_path / "project")
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff")
    folder.rename(odd)
    coder = script_file(tmp_path, NOTHING)
    refused = mas("ask", "Do it.", "--agents", "1", "--repo", odd, "--coder", coder).refused(2)
    assert "not valid text" in refused


@pytest.mark.parametrize("name", ["new\nline", "ends\n", "sp ace 'quote\" 한국", "-rf", "a:b"])
async def test_f1_a_repository_is_found_whatever_its_folder_is_called(
    tmp_path: Path, name: str
) -> None:
    folder = persons_repository(tmp_path / name)
    before = fingerprint(folder)
    found = await look_at(await find_git(os.environ["PATH"]), str(folder))
    assert found.folder == folder
    assert found.commit == git(folder, "rev-parse", "HEAD")
    assert found.dirty
    assert fingerprint(folder) == before


async def test_q1_an_empty_ref_is_unknown_by_its_own_name(tmp_path: Path) -> None:
    folder = persons_repository(tmp_path / "project")
    with pytest.raises(UserError, match="commit '' in"):
        await look_at(await find_git(os.environ["PATH"]), str(folder), ref="")


def test_q1_a_file_to_include_whose_name_is_no_text_is_left_out_with_a_note(tmp_path: Path) -> None:
    odd = os.fsdecode(b"odd\xff.pem")
    for name in (odd, "good.pem"):
        (tmp_path / name).write_text("x")
    included = copy_files(tmp_path, [odd, "good.pem"], tmp_path / "into")
    assert included.paths == ("good.pem",)
    assert len(included.notes) == 1


@pytest.fixture
def with_secret(tmp_path: Path) -> Path:
    """A repository whose person gives an uncommitted file to every agent."""
    folder = persons_repository(tmp_path / "pro ject")
    (folder / ".worktreeinclude").write_text(".env\n*.pem\n")
    (folder / ".env").write_text(f"TOKEN={SECRET}\n")
    (folder / "away.pem").symlink_to("/etc/hostname")
    return folder


def test_f1_files_given_uncommitted_are_on_no_branch_and_in_no_delivery_whatever_an_agent_commits(
    mas: Mas, with_secret: Path, tmp_path: Path
) -> None:
    """Also where the repository is made anew, or a later commit removes the file. The report of it
    is Korean throughout, names the isolation, and leaves no checkout of a check behind."""
    fix = {"write": "calc.py", "text": FIXED}
    anew = "rm -rf .git; git init -q -b agent-2; git add -A; git commit -qm All"
    removed = "git add -f .env; git commit -qm In; git rm -q .env; git commit -qm Out"
    coder = script_file(
        tmp_path,
        {
            "agents": {
                "1": [fix, shell("git add -f .env; git commit -qm Env; git commit -qam Fix")],
                "2": [fix, {"append": "calc.py", "text": "# 2\n"}, shell(anew)],
                "3": [fix, shell(removed), {"write": "three.txt", "text": "3\n"}],
            }
        },
    )
    before = fingerprint(with_secret)
    asked = mas(
        *("ask", "add 함수를 고쳐 주세요.", "--agents", "3", "--repo", str(with_secret)),
        *("--coder", coder, "--check", JUDGED, "--json"),
    )
    assert asked.code == 0, asked.err
    answer = asked.json
    folder = run_folder(mas, answer["run_id"])
    results = by_agent(answer)
    for number in (1, 2, 3):
        assert results[number]["status"] == "success"
        held = git(folder, "log", "-p", "--format=%B", f"agent-{number}")
        assert SECRET not in held, number
        assert "return a + b" in held, number
        assert (folder / f"worktrees/agent-{number}/.env").exists() is (number != 3)
    assert fingerprint(with_secret) == before
    assert list((folder / "checks").iterdir()) == []
    assert answer["result"]["isolation"]

    notes = answer["report"].partition("## 참고")[2].strip().splitlines()
    assert len(notes) >= 8
    for note in notes:
        said = note.replace("pro ject", "").replace("검사: `", "")
        assert detect_language(said) == "ko" or JUDGED in note, note

    look_again_after_merging(mas, answer["run_id"], folder)


def look_again_after_merging(mas: Mas, run: str, folder: Path) -> None:
    """What an agent has changed stays what it was against the base, also once that has moved."""
    first = mas("runs", "diff", run, "--agents", "1", "--json").json
    merged = mas("runs", "merge", run, "--agent", "1")
    assert merged.code == 0, merged.err
    assert mas("runs", "diff", run, "--agents", "1", "--json").json == first
    assert [one["path"] for one in first["files"]] == ["calc.py"]
    fetch = merged.out.partition("Take it over: ")[2].strip()
    assert shlex.split(fetch) == ["git", "fetch", str(folder), "main"]


def test_q1_a_set_up_that_hangs_is_said_to_have_been_stopped(mas: Mas, tmp_path: Path) -> None:
    asked = mas(
        *("ask", "Do it.", "--agents", "1", "--coder", script_file(tmp_path, NOTHING)),
        *("--setup", "sleep 300", "--task-seconds", "1", "--json"),
    )
    assert asked.code == 1
    (result,) = asked.json["result"]["results"]
    assert result["status"] == "error"
    assert result["error"].startswith("The set-up command was stopped after 1 seconds.")
