"""Runs the container of a pod as a process of this machine, as a kubelet would.

The image is this system, read-only. Volumes are what the pod mounts and where it mounts it, the
environment is that of the pod and what Kubernetes adds to every pod, the log is kept in the parts
and with the times that container runtimes keep.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]
LONGEST_PART = 16 * 1024
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("alternatives", "ld.so.cache", "nsswitch.conf", "passwd", "group", "ssl", "hosts")
IMAGE_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "IMAGE_VARIABLE": "of the image",
}
CLUSTER_ENVIRONMENT = {
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "HOSTNAME": "pod",
}


@dataclass(frozen=True)
class Part:
    """A piece of a log as a runtime writes it: with its time, and whether it ends a line."""

    moment: int
    text: bytes
    whole: bool


@dataclass(kw_only=True, eq=False)
class PodLog:
    """What a container has said."""

    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, text: bytes, *, whole: bool) -> None:
        with self.changed:
            # Two streams have their times taken one after the other.
            self.parts.append(Part(time.time_ns(), text, whole))
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def read(self, *, since: int, follow: bool, stop: threading.Event) -> Iterator[bytes]:
        """As the API serves it, with times."""
        at = 0
        fresh = True
        while True:
            with self.changed:
                while follow and at == len(self.parts) and not self.ended and not stop.is_set():
                    self.changed.wait(0.2)
                found = self.parts[at:]
                done = not follow or self.ended or stop.is_set()
            at += len(found)
            text = bytearray()
            for part in found:
                if part.moment < since:
                    continue
                if fresh:
                    text += stamp(part.moment).encode() + b" "
                text += part.text + (b"\n" if part.whole else b"")
                fresh = part.whole
            if text:
                yield bytes(text)
            if done and not found:
                return
            if not follow:
                return


def stamp(moment: int) -> str:
    """Nanoseconds since 1970 as logs show them."""
    whole = datetime.fromtimestamp(moment // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{moment % 10**9:09d}Z"


def expanded(text: str, values: dict[str, str]) -> str:
    """`$(NAME)` is replaced where NAME is known, `$$` stands for a dollar sign."""
    return re.sub(
        r"\$\$|\$\(([^)]*)\)",
        lambda found: "$" if found[0] == "$$" else values.get(found[1], found[0]),
        text,
    )


class Process:
    """The container of a pod while it runs."""

    def __init__(
        self, spec: Json, volumes: Path, programs: tuple[Path, ...], *, open_: bool
    ) -> None:
        container = spec["containers"][0]
        self._folder = tempfile.TemporaryDirectory(prefix="job-pod-")
        self._note = Path(self._folder.name, "termination-log")
        self._note.touch()
        self.log = PodLog()
        self.memory = _bytes((container["resources"].get("limits") or {}).get("memory"))
        self.out_of_memory = False
        environment = self._environment(container)
        read_end, write_end = os.pipe()
        argv = [
            *self._isolated(spec, volumes, programs, environment, open_=open_),
            *("--info-fd", str(write_end), "--"),
            *(expanded(word, environment) for word in container["command"]),
        ]
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={},
                pass_fds=(write_end,),
                start_new_session=True,
            )
        finally:
            os.close(write_end)
        with os.fdopen(read_end, "rb") as told:
            text = told.read()
        found = re.search(rb'"child-pid"\s*:\s*(\d+)', text)
        assert found, "bubblewrap did not start"
        self._first = int(found[1])
        self._readers = [
            threading.Thread(target=self._read, args=(stream,))
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def poll(self) -> int | None:
        """The exit code as runtimes give it; None while it runs. Looks after memory as well."""
        if self.memory and not self.out_of_memory and self._used() > self.memory:
            self.out_of_memory = True
            self.kill()
        return self._process.poll()

    def terminate(self) -> None:
        """TERM to the process of the container alone, as runtimes send it."""
        for child in _children(self._first):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    def kill(self) -> None:
        """End everything in the container."""
        if self._process.poll() is None:
            # Right after its start nothing ends the first process inside when bubblewrap ends.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._first, signal.SIGKILL)
            self._process.kill()

    def close(self) -> str:
        """After its end; returns its last words."""
        self._process.wait(60)
        for reader in self._readers:
            reader.join(60)
        self.log.end()
        note = self._note.read_text("utf-8", "replace")[:4096]
        self._folder.cleanup()
        return note

    def _environment(self, container: Json) -> dict[str, str]:
        values = IMAGE_ENVIRONMENT | CLUSTER_ENVIRONMENT
        for one in container.get("env") or ():
            values[one["name"]] = expanded(one.get("value", ""), values)
        return values

    def _isolated(
        self,
        spec: Json,
        volumes: Path,
        programs: tuple[Path, ...],
        environment: dict[str, str],
        *,
        open_: bool,
    ) -> list[str]:
        """The command line of bubblewrap up to the command itself."""
        container = spec["containers"][0]
        user = str(spec["securityContext"]["runAsUser"])
        words = (
            "bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts --cap-drop ALL".split()
        )
        words += ["--die-with-parent", "--new-session", "--uid", user, "--gid", user]
        words += [] if open_ else ["--unshare-net"]
        for path in SYSTEM:
            if Path(path).is_symlink():
                words += ["--symlink", str(Path(path).readlink()), path]
            elif Path(path).is_dir():
                words += ["--ro-bind", path, path]
        for name in SETTINGS:
            words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        for folder in programs:
            words += ["--ro-bind", str(folder), str(folder)]
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += ["--bind", str(self._note), "/dev/termination-log"]
        for mount in container["volumeMounts"]:
            if mount["name"] == "tmp":
                words += ["--tmpfs", mount["mountPath"]]
                continue
            source = volumes / mount.get("subPath", "")
            source.mkdir(parents=True, exist_ok=True)
            how = "--ro-bind" if mount.get("readOnly") else "--bind"
            words += [how, str(source), mount["mountPath"]]
        if container["securityContext"].get("readOnlyRootFilesystem"):
            words += ["--remount-ro", "/"]
        words.append("--clearenv")
        for name, value in environment.items():
            words += ["--setenv", name, value]
        return [*words, "--chdir", container["workingDir"]]

    def _read(self, stream: Any) -> None:
        """Lines as they come; longer ones, and what has no end, in parts."""
        with stream:
            while part := stream.readline(LONGEST_PART):
                self.log.add(part.removesuffix(b"\n"), whole=part.endswith(b"\n"))

    def _used(self) -> int:
        """Bytes of memory of all processes in it."""
        pages = 0
        pending = [self._first]
        while pending:
            one = pending.pop()
            pending.extend(_children(one))
            with contextlib.suppress(OSError, ValueError, IndexError):
                pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def _children(process: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found.extend(int(one) for one in (task / "children").read_text().split())
    return found


def _bytes(quantity: str | None) -> int:
    if not quantity:
        return 0
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9}
    for unit, factor in units.items():
        if quantity.endswith(unit):
            return int(quantity.removesuffix(unit)) * factor
    return int(quantity)
