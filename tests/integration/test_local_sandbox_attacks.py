"""Agents that mean harm, in each isolation of this machine, and what they get: nothing (S1, S3)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mas.adapters.executors import confinement, isolation
from mas.adapters.executors.isolation import Isolation
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.errors import UserError
from support import attack_scene
from support.attack_scene import BOUND, Scene, attack

SOURCES = Path(isolation.__file__).resolve().parents[3]

pytestmark = pytest.mark.e2e
TESTS = Path(__file__).resolve().parents[1]
NOBODY = 65534

FILES = ["write_to_neighbour", "read_secrets"]
OTHERS = ["harm_processes", "change_git", "change_the_machine", "reach_sockets"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that also other users can get to."""
    made = Path(tempfile.mkdtemp(prefix="mas-attack-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(params=["bubblewrap", "landlock", "own_user"])
async def scene(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Scene]:
    kind: Isolation = request.param
    sandbox = LocalSandbox(os.environ["PATH"], prefer=kind)
    try:
        await sandbox.ready()
    except UserError as exc:
        pytest.skip(exc.message)
    made = Scene(sandbox, folder)
    yield made
    made.close()


async def test_s3_an_agent_writes_nothing_of_its_neighbour_and_reads_no_secret(
    scene: Scene,
) -> None:
    descriptor = os.open(scene.secret, os.O_RDWR)
    os.set_inheritable(descriptor, True)  # As a careless library would have it.
    try:
        assert await attack(scene, *FILES) == []
    finally:
        os.close(descriptor)
    assert scene.state() == scene.before


async def test_s3_an_agent_harms_no_process_and_no_repository_and_not_the_machine(
    scene: Scene,
) -> None:
    assert await attack(scene, *OTHERS) == []
    assert scene.victim.poll() is None
    assert scene.state() == scene.before


async def test_s3_an_agent_reaches_no_socket_that_has_a_name_alone(
    scene: Scene,
) -> None:
    assert await attack(scene, "reach_names") == []


async def test_s3_without_isolation_the_same_attacks_succeed(folder: Path) -> None:
    """Else the tests above would show nothing."""
    scene = Scene(LocalSandbox(os.environ["PATH"], unsafe=True, prefer="none"), folder)
    try:
        found = set(await attack(scene, *FILES, "reach_sockets", "reach_names"))
    finally:
        scene.close()
    assert {"got change in neighbour", "got environment of the victim"} <= found
    assert {f"got read {scene.secret}", "got socket without a file"} <= found


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
async def test_s3_where_mas_is_no_root_an_agent_gets_nothing_either(
    kind: Isolation, folder: Path
) -> None:
    """MAS runs as an ordinary user here, below the Python of the system."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
    if os.geteuid() != 0 or shutil.which("setpriv") is None or python is None:
        pytest.skip("only root can be somebody else for a while")
    if not isolation.open_to_all(SOURCES / "mas"):
        pytest.skip("the sources lie in a closed folder")
    place = folder / "home"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    names = ["write_to_neighbour", "read_secrets", "change_git", "reach_sockets"]
    if kind == "bubblewrap" or confinement.landlock_abi() >= 6:
        names.append("harm_processes")
    done = await asyncio.to_thread(
        subprocess.run,
        [*words, python, "-B", attack_scene.__file__, kind, str(place), *names],
        env={"PATH": "/usr/bin:/bin", "HOME": str(place), "PYTHONPATH": f"{SOURCES}:{TESTS}"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    if done.stdout.startswith("skip"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], True, True]


async def test_s3_what_an_agent_made_its_own_is_given_back(scene: Scene) -> None:
    box = scene.box
    script = "cp /bin/true tool; chmod 4755 tool 2>/dev/null; mkdir deep; chmod 700 deep; id -u"
    async with asyncio.timeout(BOUND):
        outcome = await box.executor.run(box.shell(script))
    assert outcome.exit_code == 0
    assert int(outcome.output) != 0
    for path in (box.worktree, box.worktree / "tool", box.worktree / "deep"):
        assert path.stat().st_uid == os.geteuid()
    assert [path.name for path in (box.root / "agents/.sandboxes").iterdir()] == []
