"""A docker engine of the tests' own, with the agent image built in it.

It runs as root on this machine, in a folder of its own and without any network. The image's base is
made by debootstrap from the machine's own package sources, once: it is kept in `.cache`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from support.required import not_here

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE = "mas-agent"
START_SECONDS = 90.0
_BASE_SECONDS = 600.0
_CALL_SECONDS = 300.0
_INCLUDE = "git,python3,ca-certificates"
_RECIPE = 1
_ENGINE = pytest.StashKey["DockerEngine"]()
_LEFT_OUT = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale")


@dataclass(frozen=True, kw_only=True)
class DockerEngine:
    """A running engine; `environment` leads the docker client to it."""

    address: str
    image: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": _path(), "DOCKER_HOST": self.address}

    def ask(self, *arguments: str, check: bool = True) -> str:
        """One call of the client; returns what it prints."""
        done = subprocess.run(
            ["docker", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_CALL_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def containers(self) -> list[str]:
        """The names of all containers, also of those that have ended."""
        return self.ask("ps", "--all", "--format", "{{.Names}}").split()


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _unavailable(reason: str) -> NoReturn:
    if sys.platform == "linux" and os.getuid() == 0:
        not_here(reason)
    pytest.skip(reason)


def _sources() -> tuple[str, str]:
    """Address and suite that this machine's packages come from."""
    folder = Path("/etc/apt/sources.list.d")
    for path in [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))]:
        if path.exists():
            line = re.search(r"^deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)", path.read_text(), re.M)
            if line:
                return line[1], line[2]
    for path in sorted(folder.glob("*.sources")):
        text = path.read_text()
        address = re.search(r"^URIs:\s*(\S+)", text, re.M)
        suite = re.search(r"^Suites:\s*(\S+)", text, re.M)
        if address and suite:
            return address[1], suite[1]
    _unavailable("this machine has no package sources to make an image from")


def _base() -> Path:
    """The archive of the image's base, made where there is none yet."""
    address, suite = _sources()
    key = hashlib.sha256(f"{_RECIPE} {suite} {platform.machine()} {_INCLUDE}".encode()).hexdigest()
    cache = REPOSITORY / ".cache"
    cache.mkdir(exist_ok=True)
    archive = cache / f"agent-base-{key[:12]}.tar"
    with (cache / "agent-base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            _make_base(archive, address, suite)
    return archive


def _make_base(archive: Path, address: str, suite: str) -> None:
    if shutil.which("debootstrap", path=_path()) is None:
        _unavailable("no debootstrap here: run scripts/programs.sh docker")
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    with tempfile.TemporaryDirectory(prefix="mas-base-") as folder:
        root = Path(folder) / "root"
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={_INCLUDE}", suite, root, address],
            env={"PATH": _path(), "HOME": "/root", **proxies},
            capture_output=True,
            text=True,
            timeout=_BASE_SECONDS,
            check=False,
        )
        if made.returncode:
            _unavailable(f"debootstrap could not make a base: {made.stdout[-300:]}")
        for name in _LEFT_OUT:
            shutil.rmtree(root / name, ignore_errors=True)
        unfinished = archive.with_suffix(".new")
        subprocess.run(
            ["tar", "-C", root, "--one-file-system", "-cf", unfinished, "."],
            check=True,
            timeout=_CALL_SECONDS,
        )
        unfinished.rename(archive)


def _die_with_parent() -> None:
    """A test process that is killed leaves no engine behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, int]]:
    """Start an engine with the quickest storage that works here; yields address and process."""
    address = f"unix://{folder}/sock"
    for driver in ("overlay2", "vfs"):
        log = folder / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    "dockerd", f"--data-root={folder}/{driver}", f"--exec-root={folder}/exec",
                    f"--pidfile={folder}/pid", f"--host={address}", f"--storage-driver={driver}",
                    "--iptables=false", "--ip6tables=false", "--bridge=none",
                ],
                env={"PATH": _path(), "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )  # fmt: skip
        try:
            if _answers(address, process):
                yield address, process.pid
                return
        finally:
            _end(process, folder)
    _unavailable(f"no docker engine can run here: {log.read_text()[-300:]}")


def _answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        asked = subprocess.run(
            ["docker", "version"],
            env={"PATH": _path(), "DOCKER_HOST": address},
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )
        if asked.returncode == 0:
            return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    try:
        process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted(mounted, reverse=True):
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False, timeout=_CALL_SECONDS)


@contextlib.contextmanager
def running_engine() -> Iterator[DockerEngine]:
    """An engine with the agent image, until the end of the block."""
    if sys.platform != "linux" or os.getuid() != 0:
        _unavailable("an engine of its own needs Linux and root")
    for program in ("dockerd", "docker"):
        if shutil.which(program, path=_path()) is None:
            _unavailable(f"no {program} here: run scripts/programs.sh docker")
    archive = _base()
    with (
        tempfile.TemporaryDirectory(prefix="mas-docker-", ignore_cleanup_errors=True) as folder,
        _serving(Path(folder)) as (address, pid),
    ):
        engine = DockerEngine(address=address, image=IMAGE, pid=pid)
        engine.ask("import", str(archive), "agent-base:test")
        subprocess.run(
            [
                "docker", "build", "--quiet", "--network=none", "--build-arg=BASE=agent-base:test",
                f"--tag={IMAGE}", str(REPOSITORY / "deploy/images/agent"),
            ],
            env={**engine.environment, "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            check=True,
            timeout=_CALL_SECONDS,
        )  # fmt: skip
        try:
            yield engine
        finally:
            if left := engine.containers():
                engine.ask("rm", "--force", *left)


@pytest.fixture(scope="session")
def docker_engine(request: pytest.FixtureRequest) -> DockerEngine:
    """The engine of this test process, one for all modules; it ends with the process."""
    stash = request.config.stash
    if _ENGINE not in stash:
        with contextlib.ExitStack() as stack:
            stash[_ENGINE] = stack.enter_context(running_engine())
            request.config.add_cleanup(stack.pop_all().close)
    return stash[_ENGINE]
