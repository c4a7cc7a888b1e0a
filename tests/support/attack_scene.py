"""A run folder with things worth attacking, and an agent in it that attacks them.

Also a program, for a MAS that is somebody else: `python attack_scene.py KIND FOLDER ATTACK...`
prints what was got, or `skip` where the isolation does not work.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import cast

from mas.adapters.executors.isolation import Isolation
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.errors import UserError
from support import attacks
from support.executor_box import Box

BOUND = 60.0


class Scene:
    """A box with things worth attacking, outside and inside of its run folder."""

    def __init__(self, sandbox: LocalSandbox, folder: Path) -> None:
        self.folder = folder
        self.box = Box(sandbox, folder / "run")
        self.box.root.chmod(0o755)
        self.secret = folder / "mas/secret.key"
        self.secret.parent.mkdir(mode=0o700)
        self.secret.write_text("secret\n")
        self.run_repository = self.box.root / ".git"
        git = ["git", "-c", "init.defaultBranch=base", "-c", "user.name=m", "-c", "user.email=m@m"]
        subprocess.run([*git, "init", "-q", "--bare", str(self.run_repository)], check=True)
        subprocess.run([*git, "init", "-q", str(self.box.neighbour)], check=True)
        empty = ["commit", "-q", "--allow-empty", "-m", "theirs"]
        subprocess.run([*git, "-C", str(self.box.neighbour), *empty], check=True)
        self.program = self.box.control / "attacks.py"
        shutil.copy(attacks.__file__, self.program)
        self.name = f"mas-test-{os.getpid()}-{folder.name}"
        environment = {"SECRET": attacks.CANARY.decode()}
        self.victim = subprocess.Popen(["sleep", "600"], env=environment)
        self.listening = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        self.listening[0].bind(str(folder / "mas/docker.sock"))
        self.listening[1].bind("\0" + self.name)
        for one in self.listening:
            one.listen()
        self.before = self.state()

    def plan(self, *names: str) -> str:
        """What the attacker is told."""
        return json.dumps(
            {
                "attacks": names,
                "root": str(self.box.root),
                "neighbour": str(self.box.neighbour),
                "neighbour_file": str(self.box.neighbour / "work.txt"),
                "secret": str(self.secret),
                "private": str(self.box.private / "kept.txt"),
                "victim": str(self.victim.pid),
                "run_repository": str(self.run_repository),
                "objects": str(self.box.objects),
                "socket": str(self.folder / "mas/docker.sock"),
                "name": self.name,
            }
        )

    def state(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything that shall stay as it is: modes, owners and contents."""
        places = (self.box.neighbour, self.run_repository, self.box.objects, self.box.control)
        found = {}
        for place in places:
            for path in sorted(place.rglob("*")):
                known = path.lstat()
                text = path.read_bytes() if path.is_file() else b""
                found[str(path)] = (known.st_mode, known.st_uid, text)
        return found

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        for one in self.listening:
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)


async def attack(scene: Scene, *names: str) -> list[str]:
    """Run attacks; returns what they got."""
    box = scene.box
    command = box.command(box.executor.python, "-I", str(scene.program), scene.plan(*names))
    async with asyncio.timeout(BOUND):
        outcome = await box.executor.run(command)
    lines = outcome.output.decode("utf-8", "replace").splitlines()
    assert lines[-1:] == ["done"], outcome.output.decode("utf-8", "replace")
    return lines[:-1]


async def main(kind: str, folder: str, *names: str) -> None:
    """Make a scene, run attacks, and print what was got, and whether all is as before."""
    sandbox = LocalSandbox("/usr/bin:/bin", prefer=cast(Isolation, kind))
    try:
        await sandbox.ready()
    except UserError as exc:
        print("skip", exc.message)
        return
    scene = Scene(sandbox, Path(folder))
    found = await attack(scene, *names)
    print(json.dumps([found, scene.victim.poll() is None, scene.state() == scene.before]))
    scene.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
