"""No path leads out of the workspace, whatever it says and whatever agents have put there (F6)."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.errors import MasError, Refused, UserError
from mas.http.workspace import MOST_NAMES, Folder, OpenFile, Workspace, is_hidden, names_of

SECRET = b"outside the workspace"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with one run, beside a file that nobody may see."""
    (tmp_path / "secret").write_bytes(SECRET)
    run = tmp_path / "workspace" / "runs" / "run_1"
    for folder in ("worktrees/agent-1/src", "agents/agent-1/private", "agents/agent-1/home"):
        (run / folder).mkdir(parents=True)
    (run / "worktrees/agent-1/src/main.py").write_text("print('hello')\n", encoding="utf-8")
    (run / "agents/agent-1/private/exchange.json").write_bytes(SECRET)
    return tmp_path / "workspace"


def get(root: Path, path: str) -> bytes | Folder:
    """What a percent-encoded path gives: the whole file, or the listing."""
    found = Workspace(root).look(names_of(path.encode()))
    if isinstance(found, Folder):
        return found
    try:
        return os.read(found.descriptor, found.size)
    finally:
        os.close(found.descriptor)


def absent(root: Path, path: str) -> bool:
    """Whether a path is answered as if nothing were there."""
    with pytest.raises(UserError) as caught:
        get(root, path)
    return caught.value.code == "not_found"


def test_f6_folders_are_listed_and_files_are_read(root: Path) -> None:
    folder = get(root, "runs/run_1/worktrees/agent-1/src")
    assert isinstance(folder, Folder)
    (entry,) = folder.entries
    assert (entry.name, entry.kind, entry.size) == ("main.py", "file", 15)
    assert entry.href == "/workspace/runs/run_1/worktrees/agent-1/src/main.py"
    assert get(root, "runs/run_1/worktrees/agent-1/src/main.py") == b"print('hello')\n"
    assert get(root, "runs/run_1/worktrees/agent-1/src/") == folder


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "..",
        ".",
        "./runs",
        "runs/../../secret",
        "runs/..",
        "%2e%2e/secret",
        "%2E%2E%2Fsecret",
        "..%2fsecret",
        "runs%2frun_1",
        "%2e%2e%5csecret",
        "..\\secret",
        "%252e%252e/secret",
        "/etc/passwd",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "runs//run_1",
        "runs/run_1//",
        "secret%00",
        "runs%00/run_1",
        "%00",
        "%c0%ae%c0%ae/secret",
        "..%c0%afsecret",
        "．．/secret",
        "runs/run_1/worktrees/agent-1/src/main.py/",
        "runs/run_1/worktrees/agent-1/src/main.py/x",
        "a" * 300,
        "/".join(["a"] * 3000),
        "proc/self/environ",
        "~/secret",
        "C:%5csecret",
    ],
)
def test_f6_a_path_that_is_in_no_listing_is_answered_as_absent(root: Path, path: str) -> None:
    if path.endswith("main.py/"):
        # One slash at the end is taken for a folder's, and a file is a file all the same.
        assert get(root, path) == b"print('hello')\n"
    else:
        assert absent(root, path)


@pytest.mark.parametrize("target", ["../../../../../../secret", "/", "..", "src", "."])
def test_f6_links_that_an_agent_has_put_are_shown_and_never_followed(
    root: Path, target: str
) -> None:
    place = root / "runs/run_1/worktrees/agent-1"
    (place / "link").symlink_to(target)
    assert absent(root, "runs/run_1/worktrees/agent-1/link")
    assert absent(root, "runs/run_1/worktrees/agent-1/link/secret")
    assert absent(root, "runs/run_1/worktrees/agent-1/link/")
    folder = get(root, "runs/run_1/worktrees/agent-1")
    assert isinstance(folder, Folder)
    (link,) = (entry for entry in folder.entries if entry.name == "link")
    assert (link.kind, link.href, link.size) == ("link", None, None)


def test_f6_a_workspace_that_is_itself_a_link_is_the_choice_of_a_person(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").symlink_to(root)
    assert isinstance(get(tmp_path / "elsewhere", "runs"), Folder)


@pytest.mark.parametrize("name", ["agents", "AGENTS", "Agents"])
def test_q3_what_belongs_to_mas_and_to_agents_alone_is_not_served(root: Path, name: str) -> None:
    for below in ("", "/agent-1", "/agent-1/private/exchange.json", "/agent-1/home"):
        assert absent(root, f"runs/run_1/{name}{below}")
    folder = get(root, "runs/run_1")
    assert isinstance(folder, Folder)
    assert [entry.name for entry in folder.entries] == ["worktrees"]
    assert folder.total == 1


def test_f6_a_folder_of_that_name_in_a_repository_is_served(root: Path) -> None:
    (root / "runs/run_1/worktrees/agent-1/agents").mkdir()
    assert isinstance(get(root, "runs/run_1/worktrees/agent-1/agents"), Folder)
    assert not is_hidden(("runs", "run_1", "worktrees", "agents"))


def test_f6_a_pipe_is_neither_opened_nor_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert absent(root, "pipe")
    folder = get(root, "")
    assert isinstance(folder, Folder)
    pipe = folder.entries[0]
    assert (pipe.name, pipe.kind, pipe.href) == ("pipe", "other", None)


def test_f6_a_file_that_is_changed_for_a_link_at_any_moment_leads_nowhere(root: Path) -> None:
    """A thread swaps folder and link as quickly as it can, while this one reads."""
    place = root / "runs/run_1/worktrees/agent-1"
    real, link, name = place / "real", place / "link", place / "swapped"
    real.mkdir()
    (real / "secret").write_bytes(b"inside")
    link.symlink_to(root.parent)
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            real.rename(name)
            name.rename(real)
            link.rename(name)
            name.rename(link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(4000):
            try:
                seen.add(get(root, "runs/run_1/worktrees/agent-1/swapped/secret"))
            except UserError as error:
                seen.add(error.code)
    finally:
        ended.set()
        swapper.join(10)
    assert seen <= {b"inside", "not_found"}


def test_f6_names_of_any_bytes_are_listed_with_an_address_that_gets_them(root: Path) -> None:
    names = [b"a b", b"50%", b"back\\slash", b"\xff\xfe", "한글".encode(), b"q?x=1#y", b"new\nline"]
    for name in names:
        (root / os.fsdecode(name)).write_bytes(name)
    folder = get(root, "")
    assert isinstance(folder, Folder)
    files = [entry for entry in folder.entries if entry.kind == "file"]
    assert len(files) == len(names)
    got = {get(root, str(entry.href).removeprefix("/workspace/")) for entry in files}
    assert got == set(names)
    for entry in files:
        entry.name.encode("utf-8")


def test_f6_a_listing_is_paged_and_says_how_much_there_is(root: Path) -> None:
    for number in range(25):
        (root / f"file-{number:02}").touch()
    workspace = Workspace(root)
    seen: list[str] = []
    for offset in range(0, 30, 10):
        page = workspace.look((), offset=offset, limit=10)
        assert isinstance(page, Folder)
        assert page.total == 26
        assert page.complete
        seen += [entry.name for entry in page.entries]
    assert seen == [*(f"file-{number:02}" for number in range(25)), "runs"]


def test_f6_a_huge_folder_is_listed_in_part_and_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mas.http.workspace.MOST_NAMES", 5)
    for number in range(9):
        (root / f"file-{number}").touch()
    folder = get(root, "")
    assert isinstance(folder, Folder)
    assert (folder.total, folder.complete) == (5, False)
    assert MOST_NAMES > 1000


def test_f6_a_time_that_no_calendar_has_is_left_out(root: Path) -> None:
    (root / "odd").touch()
    try:
        os.utime(root / "odd", (0, 10**12))  # in the year 33658
    except OSError:
        pytest.skip("this file system has no such times")
    seconds = (root / "odd").stat().st_mtime
    folder = get(root, "")
    assert isinstance(folder, Folder)
    (odd,) = (entry for entry in folder.entries if entry.name == "odd")
    # Some file systems store the nearest time that they can say.
    assert (odd.modified is None) == (seconds > 253_402_300_799)


def test_f6_a_workspace_that_no_run_has_made_yet_is_empty(tmp_path: Path) -> None:
    assert get(tmp_path / "none", "") == Folder(path="", entries=(), total=0, complete=True)
    assert absent(tmp_path / "none", "runs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_f6_what_the_system_does_not_let_mas_read_is_refused(root: Path) -> None:
    (root / "closed").touch(mode=0)
    with pytest.raises(Refused):
        get(root, "closed")


def test_f6_nothing_stays_open_after_a_refusal(root: Path) -> None:
    (root / "link").symlink_to("/")
    os.mkfifo(root / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("link/etc", "pipe", "runs/run_1/none", "runs/run_1/agents", "runs", ""):
        try:
            get(root, path)
        except MasError:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


pieces = st.sampled_from(
    [
        "..",
        ".",
        "",
        "%2e%2e",
        "%2e",
        "runs",
        "run_1",
        "agents",
        "agent-1",
        "private",
        "up",
        "down",
        "%2f",
        "/",
        "%5c",
        "\\",
        "%00",
        "secret",
        "worktrees",
        "..;",
        "%252e",
        "exchange.json",
    ]
)


@given(parts=st.lists(pieces | st.text(max_size=5).map(quote), max_size=8), slash=st.booleans())
def test_f6_no_path_gives_what_is_outside_or_private(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], slash: bool
) -> None:
    base = tmp_path_factory.getbasetemp() / "walked"
    root = base / "workspace"
    if not root.exists():
        private = root / "runs/run_1/agents/agent-1/private"
        private.mkdir(parents=True)
        (private / "exchange.json").write_bytes(SECRET)
        (base / "secret").write_bytes(SECRET)
        (root / "up").symlink_to("..")
        (root / "down").symlink_to("runs/run_1/agents")
    path = "/".join(parts) if slash else "".join(parts)
    try:
        found = get(root, path)
    except UserError:
        return
    assert found != SECRET
    assert not isinstance(found, Folder) or "secret" not in {one.name for one in found.entries}


def test_f6_an_open_file_is_what_was_there_when_it_was_opened(root: Path) -> None:
    path = root / "grows"
    path.write_bytes(b"first")
    found = Workspace(root).look(("grows",))
    assert isinstance(found, OpenFile)
    path.unlink()
    path.symlink_to("../secret")
    try:
        assert os.read(found.descriptor, 100) == b"first"
    finally:
        os.close(found.descriptor)
