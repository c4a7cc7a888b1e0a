"""Bad input gives one sentence, the right exit code, and leaves nothing half-made (Q1)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Mas

pytestmark = pytest.mark.slow

ASK = "Should we adopt Tekton?"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_q1_an_empty_request_is_refused(mas: Mas, homelab: str, text: str) -> None:
    message = mas("ask", text, "--cluster", homelab).refused(2)
    assert "empty" in message
    assert mas.runs() == []


def test_q1_a_request_of_100_kb_is_refused(mas: Mas, homelab: str) -> None:
    message = mas("ask", "x" * 100_000, "--cluster", homelab).refused(2)
    assert "20,000" in message
    assert mas.runs() == []


def test_q1_a_request_about_nothing_known_is_undetermined(mas: Mas, homelab: str) -> None:
    answer = mas("ask", "Should we adopt Frobnicator?", "--cluster", homelab, "--json")
    assert answer.code == 0
    result = answer.json["result"]
    assert result["verdict"] == "undetermined"
    assert result["tool"]["id"] is None
    assert result["tool"]["name"] == "Frobnicator"
    assert "catalog" in result["reasons"][0]["text"]


def test_q1_an_unknown_team_names_the_known_ones(mas: Mas, homelab: str) -> None:
    message = mas("ask", ASK, "--team", "sales", "--cluster", homelab).refused(2)
    assert "decide" in message


def snapshot(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "snapshot.json"
    path.write_bytes(content)
    return str(path)


TRUNCATED = b'{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Node","metad'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (TRUNCATED, "ends"),
        (b"hello, this is no snapshot", "JSON"),
        (b"apiVersion: v1\nkind: List\nitems: []\n", "YAML"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}', "ConfigMap"),
        (b'[{"kind":"Node"}]', "List"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"),
    ],
    ids=["empty", "truncated", "text", "yaml", "one-object", "array", "gzip"],
)
def test_q1_a_file_that_is_no_snapshot_is_refused(
    mas: Mas, tmp_path: Path, content: bytes, says: str
) -> None:
    message = mas("ask", ASK, "--cluster", snapshot(tmp_path, content)).refused(2)
    assert says.lower() in message.lower()
    assert mas.runs() == []


def test_q1_a_missing_snapshot_is_refused(mas: Mas, tmp_path: Path) -> None:
    message = mas("ask", ASK, "--cluster", str(tmp_path / "none.json")).refused(2)
    assert "none.json" in message
    assert mas.runs() == []


@pytest.mark.parametrize("start", [b"", b'"', b"[", b'{"apiVersion":"v1","items":['])
def test_q1_two_gigabytes_of_something_else_are_refused_unread(
    mas: Mas, tmp_path: Path, start: bytes
) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(2 * 1024**3)  # sparse: it takes no room on the disk
    process = mas.start("ask", ASK, "--cluster", str(path))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert mas.runs() == []


def test_q1_a_folder_or_device_is_no_snapshot(mas: Mas, tmp_path: Path) -> None:
    mas("ask", ASK, "--cluster", str(tmp_path)).refused(2)
    mas("ask", ASK, "--cluster", "/dev/zero").refused(2)


def kubeconfig(tmp_path: Path, *, server: str | None) -> str:
    config: dict[str, object] = {"apiVersion": "v1", "kind": "Config"}
    if server is None:
        config |= {"clusters": [], "contexts": [], "users": []}
    else:
        config |= {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "lab",
        }
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def test_q1_a_kubeconfig_without_context_is_refused(mas: Mas, tmp_path: Path) -> None:
    more = {"KUBECONFIG": kubeconfig(tmp_path, server=None)}
    mas("ask", ASK, more=more).refused(2)
    mas("ask", ASK, "--cluster", "lab", more=more).refused(2)
    assert mas.runs() == []


def test_q1_an_unknown_context_names_the_known_ones(mas: Mas, tmp_path: Path) -> None:
    more = {"KUBECONFIG": kubeconfig(tmp_path, server="https://127.0.0.1:1")}
    message = mas("ask", ASK, "--cluster", "production", more=more).refused(2)
    assert "lab" in message


def test_q1_an_unreachable_server_exits_with_5_and_makes_no_run(mas: Mas, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, nobody else takes it
        more = {
            "KUBECONFIG": kubeconfig(tmp_path, server=f"https://127.0.0.1:{held.getsockname()[1]}")
        }
        message = mas("ask", ASK, more=more).refused(5)
    assert "lab" in message or "127.0.0.1" in message
    assert mas.runs() == []


def test_q1_no_cluster_at_all_is_undetermined_and_says_what_to_give(mas: Mas) -> None:
    answer = mas("ask", ASK, "--json")
    assert answer.code == 0
    result = answer.json["result"]
    assert result["verdict"] == "undetermined"
    assert result["tool"]["id"] == "tekton"
    assert any("--cluster" in step["command"] for step in result["guide"])


def test_q1_a_home_that_is_a_file_is_refused(mas: Mas, homelab: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("", encoding="utf-8")
    message = mas("ask", ASK, "--cluster", homelab, more={"MAS_HOME": str(path)}).refused(2)
    assert "MAS_HOME" in message


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; needs the right to mount."""
    path = tmp_path / "tiny"
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)], capture_output=True
    )
    if made.returncode != 0:
        pytest.skip("mounting a small file system is not permitted here")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=False)


def test_q1_a_full_home_gives_one_sentence(mas: Mas, homelab: str, tiny_disk: Path) -> None:
    more = {"MAS_HOME": str(tiny_disk)}
    ended = mas("ask", ASK, "--cluster", homelab, more=more)
    assert ended.code in (2, 5), ended.err
    message = ended.refused(ended.code)
    assert "full" in message or "space" in message


def test_q1_a_read_only_home_gives_one_sentence(mas: Mas, homelab: str, tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    more = {"MAS_HOME": str(tiny_disk)}
    message = mas("ask", ASK, "--cluster", homelab, more=more).refused(2)
    assert "MAS_HOME" in message or str(tiny_disk) in message


def test_q1_a_journal_that_is_no_database_is_refused_and_kept(mas: Mas, homelab: str) -> None:
    mas.home.mkdir()
    (mas.home / "mas.db").write_bytes(b"this is no database" * 500)
    ended = mas("ask", ASK, "--cluster", homelab)
    ended.refused(ended.code)
    assert ended.code in (1, 2)
    assert (mas.home / "mas.db").read_bytes().startswith(b"this is no database")


def test_q1_many_processes_share_one_home(mas: Mas, homelab: str) -> None:
    started = [mas.start("ask", ASK, "--cluster", homelab, "--json") for _ in range(4)]
    answers = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 4, answers
    ids = {json.loads(out)["run_id"] for out, _ in answers}
    assert len(ids) == 4
    assert {run["run_id"] for run in mas.runs()} == ids
    assert {run["status"] for run in mas.runs()} == {"succeeded"}


@pytest.mark.parametrize("command", ["show", "watch", "report", "cancel", "resume"])
def test_q1_an_unknown_run_is_refused(mas: Mas, command: str) -> None:
    mas("runs", command, "20260101_000000_00000000").refused(2)
    mas("runs", command, "; rm -rf /").refused(2)


def test_q1_wrong_usage_exits_with_2(mas: Mas) -> None:
    assert mas("ask").code == 2
    assert mas("frobnicate").code == 2
    assert mas("runs", "list", "--limit", "0").code == 2
    assert mas("ask", ASK, "--lang", "fr").code == 2


def test_q3_state_is_private_to_its_owner(mas: Mas, homelab: str) -> None:
    assert mas("ask", ASK, "--cluster", homelab).code == 0
    assert mas.home.stat().st_mode & 0o077 == 0
    for path in mas.home.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert os.access(mas.home, os.W_OK)
