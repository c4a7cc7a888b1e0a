"""Files of a workspace: what a path leads to, and that it never leads outside (A3, Q2)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.tools.workspace import PathRefused, Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "far").mkdir()
    (tmp_path / "far/secret").write_text("outside")
    made = tmp_path / "work"
    (made / "src").mkdir(parents=True)
    (made / "src/a.py").write_text("print(1)\n")
    return made


def read(root: Path, path: str) -> bytes:
    with Workspace(root).open(path) as stream:
        return stream.read()


@pytest.mark.parametrize("path", ["src/a.py", "./src//a.py", "src/./a.py"])
def test_a3_a_file_inside_is_read_by_its_relative_path(root: Path, path: str) -> None:
    assert read(root, path) == b"print(1)\n"


def test_a3_an_absolute_path_inside_of_the_workspace_is_the_same_file(root: Path) -> None:
    assert read(root, str(root / "src/a.py")) == b"print(1)\n"


@pytest.mark.parametrize(
    "path", ["../secret", "src/../../secret", "/etc/passwd", "~/x", "a\0b", "", ".", "src"]
)
def test_q2_a_path_that_leads_outside_or_to_no_file_is_refused(root: Path, path: str) -> None:
    with pytest.raises(PathRefused):
        read(root, path)
    if path != "src":
        with pytest.raises(PathRefused):
            Workspace(root).write(path, b"x")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("link", "../secret"),
        ("link", "/etc/passwd"),
        ("src/link", "../../secret"),
        ("link", "src/../../secret"),
        ("link", "link"),
    ],
)
def test_q2_a_link_that_leads_outside_is_refused_for_reading_and_writing(
    root: Path, link: str, target: str
) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(PathRefused):
        read(root, link)
    with pytest.raises(PathRefused):
        Workspace(root).write(link, b"x")
    assert (root.parent / "secret").read_text() == "outside"


def test_q2_a_folder_that_is_a_link_outside_is_refused(root: Path) -> None:
    (root / "dir").symlink_to("../far")
    workspace = Workspace(root)
    for refused in (
        lambda: read(root, "dir/secret"),
        lambda: workspace.write("dir/new", b"x"),
        lambda: workspace.entries("dir"),
        lambda: workspace.resolve("dir/secret"),
    ):
        with pytest.raises(PathRefused):
            refused()
    assert not (root.parent / "far/new").exists()


def test_a3_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "alias").symlink_to("src")
    (root / "src/b.py").symlink_to("../src/a.py")
    assert read(root, "alias/b.py") == b"print(1)\n"
    assert Workspace(root).resolve("alias/b.py") == "src/a.py"
    Workspace(root).write("alias/b.py", b"new")
    assert (root / "src/a.py").read_bytes() == b"new"
    assert (root / "src/b.py").is_symlink()


def test_a3_a_file_is_written_whole_with_its_folders_and_keeps_its_mode(root: Path) -> None:
    workspace = Workspace(root)
    assert workspace.write("deep/er/new.txt", b"1") is True
    script = root / "run.sh"
    script.write_bytes(b"old")
    script.chmod(0o755)
    assert workspace.write("run.sh", b"new") is False
    assert script.read_bytes() == b"new"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert [p.name for p in root.rglob("*.part")] == []


@pytest.mark.parametrize("path", [".git/config", "sub/.GIT/hooks/pre-commit", "alias/config"])
def test_q2_what_tells_git_which_programs_to_start_is_not_written(root: Path, path: str) -> None:
    (root / ".git").mkdir()
    (root / "alias").symlink_to(".git")
    with pytest.raises(PathRefused, match="git"):
        Workspace(root).write(path, b"x")


def test_q1_a_pipe_and_a_missing_workspace_are_refused_without_waiting(
    root: Path, tmp_path: Path
) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(PathRefused, match="regular"):
        read(root, "pipe")
    with pytest.raises(PathRefused):
        Workspace(root).write("pipe", b"x")
    with pytest.raises(PathRefused, match="nothing was written"):
        read(tmp_path / "none", "a")


def test_a3_a_new_workspace_is_made_with_the_first_file(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "new/work").write("a", b"1")
    assert (tmp_path / "new/work/a").read_bytes() == b"1"


@given(st.lists(st.sampled_from(["..", ".", "/", "a", "link", "~", "dir", "\\"]), max_size=6))
def test_q2_no_path_ever_reads_outside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]):
    base = tmp_path_factory.getbasetemp() / "escape"
    root = base / "work"
    if not base.exists():
        (root / "dir").mkdir(parents=True)
        (base / "a").write_text("outside")
        (base / "link").write_text("outside")
        (root / "link").symlink_to("../a")
        (root / "dir/link").symlink_to(base)
        (root / "dir/a").write_text("inside")
    for path in ("/".join(parts), "".join(parts)):
        try:
            assert read(root, path) == b"inside"
        except PathRefused:
            continue
