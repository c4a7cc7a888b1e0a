"""What a container is made of, what it is told, and what its last words mean (S1, S3, F3)."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.executors import docker_inside
from mas.adapters.executors.capture import Capture
from mas.adapters.executors.docker import DockerExecutor
from mas.adapters.executors.docker_cli import Answer, DockerClient, Engine, refuse_if_out_of_reach
from mas.adapters.executors.docker_mounts import PathMap, hand_over, inside, mounts
from mas.adapters.executors.docker_outcome import judged
from mas.adapters.executors.docker_recipe import confinement, order
from mas.adapters.executors.docker_stream import LastWords, Stream
from mas.core.errors import Permanent, Transient, UserError
from mas.core.executors import Command, CommandOutcome, Limits, Sandbox

ENGINE = Engine(version="28.2.2", cpus=2.0)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    worktree, objects = tmp_path / "run/worktrees/agent-1", tmp_path / "run/objects"
    for folder in (worktree, objects):
        folder.mkdir(parents=True)
    return Sandbox(root=tmp_path / "run", writable=(worktree,), readable=(objects,))


def command(sandbox: Sandbox, **more: object) -> Command:
    known: dict[str, object] = {
        "argv": ("true",),
        "folder": sandbox.writable[0],
        "environment": {"TOKEN": "s3cret"},
        "sandbox": sandbox,
    }
    return Command(**{**known, **more})  # type: ignore[arg-type]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(min(place, len(data)) for place in places)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(
    st.binary(max_size=200) | st.just(docker_inside.MARK + b"exit 0 5\n"),
    st.lists(st.integers(0, 250), max_size=6),
)
def test_s1_however_a_stream_is_cut_its_output_and_last_words_are_the_same(
    said: bytes, places: list[int]
) -> None:
    heard: list[bytes] = []
    stream = Stream(heard.append)
    for piece in cut(said + docker_inside.MARK + b"signal 9 12345\n", places):
        stream.feed(piece)
    assert stream.end() == LastWords(kind="signal", number=9, total_bytes=12345)
    assert b"".join(heard) == said


@given(st.binary(max_size=200), st.lists(st.integers(0, 250), max_size=6))
def test_s1_a_stream_that_breaks_off_has_no_last_words_and_loses_nothing(
    said: bytes, places: list[int]
) -> None:
    heard: list[bytes] = []
    stream = Stream(heard.append)
    for piece in cut(said, places):
        stream.feed(piece)
    assert stream.end() is None
    assert b"".join(heard) == said


def test_s1_a_whole_line_is_handed_on_at_once() -> None:
    heard: list[bytes] = []
    Stream(heard.append).feed(b"a line\n")
    assert heard == [b"a line\n"]


def test_r5_a_stream_that_is_told_again_is_heard_once() -> None:
    heard: list[bytes] = []
    stream = Stream(heard.append)
    stream.feed(b"one two")
    for pieces in ((b"one", b" two thr"), (b"one two three", docker_inside.MARK + b"exit 0 13\n")):
        stream.again()
        for piece in pieces:
            stream.feed(piece)
    assert stream.end() == LastWords(kind="exit", number=0, total_bytes=13)
    assert b"".join(heard) == b"one two three"


def test_s3_no_option_of_a_container_holds_anything_of_the_environment(sandbox: Sandbox) -> None:
    one = command(sandbox)
    assert "s3cret" not in " ".join(confinement(one, sandbox, ENGINE) + mounts(sandbox, None))
    assert b"s3cret" in order(one, sandbox, timedelta(seconds=1))


def test_s1_limits_and_confinement_become_options(sandbox: Sandbox) -> None:
    limits = Limits(memory_bytes=64_000_000, processes=20, cpus=8, file_bytes=1000)
    limited = Sandbox(root=sandbox.root, writable=sandbox.writable, limits=limits)
    words = set(confinement(command(limited), limited, ENGINE))
    assert words >= {
        "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only",
        "--memory=64000000", "--memory-swap=64000000", "--cpus=2.00", "--ulimit=fsize=1000",
    }  # fmt: skip
    assert "--userns=host" in confinement(
        command(sandbox), sandbox, Engine(version="28", cpus=1, remapped=True)
    )


def test_f3_folders_are_seen_at_their_place_below_the_root(sandbox: Sandbox) -> None:
    worktree = sandbox.writable[0]
    assert inside(sandbox, worktree / "a") == "/workspace/run/worktrees/agent-1/a"
    assert inside(sandbox, sandbox.root) == "/workspace/run"
    assert sorted(mounts(sandbox, None)) == [
        f'"type=bind","source={sandbox.root}/objects","target=/workspace/run/objects","readonly"',
        f'"type=bind","source={worktree}","target=/workspace/run/worktrees/agent-1"',
    ]
    for outside in (sandbox.root.parent, sandbox.root / "../x", Path("/etc")):
        with pytest.raises(UserError) as caught:
            inside(sandbox, outside)
        assert caught.value.code == "no_folder"


def test_f3_a_mapped_workspace_is_named_as_the_engine_knows_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    mapped = PathMap(ours=tmp_path, theirs=Path("/data/workspace"))
    assert mapped.source(sandbox.root) == Path("/data/workspace/run")
    (tmp_path / "alias").symlink_to(sandbox.root)
    by_link = PathMap(ours=tmp_path / "alias", theirs=Path("/data"))
    assert by_link.source(sandbox.root / "objects") == Path("/data/objects")
    with pytest.raises(UserError) as caught:
        mapped.source(Path("/etc"))
    assert caught.value.code == "no_folder"


def test_s1_of_a_gateway_its_folder_is_shown_where_it_holds_nothing_else(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "g"
    folder.mkdir()
    monkeypatch.chdir(folder)  # The path of a socket is short.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        closed = Sandbox(root=sandbox.root, network="gateway", gateway=folder / "s")
        assert mounts(closed, None) == [
            f'"type=bind","source={folder}","target=/workspace/gateway","readonly"'
        ]
        (folder / "private").touch()
        assert mounts(closed, None) == [
            f'"type=bind","source={folder}/s","target=/workspace/gateway/s","readonly"'
        ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_f3_writable_folders_are_handed_over_and_links_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "w", tmp_path / "outside"
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/file").touch()
    outside.mkdir()
    (outside / "file").touch()
    (folder / "link").symlink_to(outside)
    (folder / "dangling").symlink_to("nowhere")
    (folder / "hard").hardlink_to(outside / "file")
    hand_over((folder,), 4321, 4322)
    given = [folder, *(folder / name for name in ("a", "a/b", "a/b/file", "link", "dangling"))]
    assert {(one.lstat().st_uid, one.lstat().st_gid) for one in given} == {(4321, 4322)}
    assert {one.stat().st_uid for one in (outside, outside / "file")} == {0}


def test_s3_the_client_sees_only_what_leads_it_to_the_engine() -> None:
    given = {"PATH": "/bin", "HOME": "/h", "DOCKER_HOST": "ssh://x", "OPENAI_API_KEY": "k", "X": ""}
    client = DockerClient(given)
    assert client.environment == {"PATH": "/bin", "HOME": "/h", "DOCKER_HOST": "ssh://x"}


async def test_q1_no_client_and_no_engine_are_errors_that_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--executor local") as caught:
        await DockerExecutor("x", environment={"PATH": str(tmp_path)}).ready()
    assert caught.value.code == "no_docker"
    if shutil.which("docker"):
        environment = {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{tmp_path}/none"}
        with pytest.raises(Transient, match="does not answer") as unreachable:
            await DockerExecutor("x", environment=environment).ready()
        assert unreachable.value.code == "no_docker"


def test_q1_complaints_about_the_connection_are_told_apart() -> None:
    refuse_if_out_of_reach("Error response from daemon: No such image: x")
    with pytest.raises(UserError, match="group docker"):
        refuse_if_out_of_reach(
            "permission denied while trying to connect to the Docker daemon socket at unix://x"
        )
    with pytest.raises(Transient):
        refuse_if_out_of_reach("Cannot connect to the Docker daemon at tcp://x")
    told = Answer(code=1, out="", err="WARNING: x\nError response from daemon: bad thing.\n")
    assert told.reason == "bad thing"


def outcome_of(
    sandbox: Sandbox, words: LastWords | None, *, in_time: bool = True
) -> CommandOutcome:
    return judged(
        command(sandbox),
        Capture(10),
        words,
        None,
        in_time=in_time,
        followed=timedelta(seconds=1),
        adopted=False,
    )


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("exit", 3, (3, "exit")),
        ("signal", 15, (143, "signal")),
        ("deadline", 0, (None, "deadline")),
    ],
)
def test_s2_last_words_become_an_outcome(
    sandbox: Sandbox, kind: str, number: int, expected: tuple[int | None, str]
) -> None:
    outcome = outcome_of(sandbox, LastWords(kind=kind, number=number, total_bytes=77))
    assert (outcome.exit_code, outcome.ended) == expected
    assert outcome.total_bytes == 77


def test_s2_without_last_words_a_command_is_lost_or_was_ended_at_its_deadline(
    sandbox: Sandbox,
) -> None:
    assert outcome_of(sandbox, None, in_time=False).ended == "deadline"
    with pytest.raises(Permanent) as caught:
        outcome_of(sandbox, None)
    assert caught.value.code == "command_lost"
