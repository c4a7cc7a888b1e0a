"""What a container for a command is made of, and what it is told to do."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.adapters.executors import docker_inside
from mas.adapters.executors.docker_cli import Engine
from mas.adapters.executors.docker_mounts import gateway_inside, inside
from mas.core.errors import UserError
from mas.core.executors import GATEWAY_PORT, Command, Sandbox

_OWN_PROCESSES: Final = 3
"""The first process of a container, the one that supervises the command, and the forwarder."""
_TMP_BYTES: Final = 1 << 30
_KEPT_BYTES: Final = 20_000_000
"""The least that an engine keeps of an output, three times."""
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FORWARDER: Final = Path(__file__).with_name("forwarder.py")


def checked(command: Command) -> Sandbox:
    """What can be seen to be wrong before anything is started.

    Raises:
        UserError: No program, no folder, no sandbox, or words that cannot be arguments.
    """
    if not command.argv or not command.argv[0]:
        raise UserError(
            "The command names no program.", hint="Give the program first.", code="no_program"
        )
    words = [*command.argv, *(f"{name}={value}" for name, value in command.environment.items())]
    if any("\0" in word for word in words):
        raise UserError(
            "A word of the command holds a zero character.",
            hint="Leave the zero character out.",
            code="bad_command",
        )
    if command.sandbox is None:
        raise UserError(
            f"{command.argv[0]} was to run without a sandbox, which a container is.",
            hint="Use --executor local for it.",
            code="no_isolation",
        )
    if not command.folder.is_dir():
        raise UserError(
            f"There is no folder {command.folder} to run {command.argv[0]} in.",
            hint="Make it first, or name another one.",
            code="no_folder",
        )
    if command.name and not _NAME.fullmatch(command.name):
        raise UserError(
            f"{command.name} cannot be the name of a container.",
            hint="Use up to 63 small letters, digits and hyphens.",
            code="bad_command",
        )
    if command.sandbox.network == "gateway" and command.sandbox.gateway is None:
        raise UserError(
            "The sandbox's network leads to a gateway, but none was named.",
            hint="Name the gateway's socket.",
            code="bad_command",
        )
    return command.sandbox


def confinement(command: Command, sandbox: Sandbox, engine: Engine) -> list[str]:
    """The options that say what a container may do and use."""
    limits = sandbox.limits
    words = [
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--read-only",
        "--ulimit=core=0",
        f"--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size={_TMP_BYTES}",
        # The kind of log that keeps every byte as it is; bounded, for the machine's sake.
        *("--log-driver=local", "--log-opt=compress=false", "--log-opt=max-file=3"),
        f"--log-opt=max-size={max(command.output_limit_bytes, _KEPT_BYTES)}",
    ]
    if engine.remapped:
        words.append("--userns=host")
    if limits.memory_bytes is not None:
        words += [f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"]
    if limits.cpus is not None:
        cpus = min(limits.cpus, engine.cpus) if engine.cpus else limits.cpus
        words.append(f"--cpus={cpus:.2f}")
    if limits.processes is not None:
        words.append(f"--pids-limit={limits.processes + _OWN_PROCESSES}")
    if limits.file_bytes is not None:
        words.append(f"--ulimit=fsize={limits.file_bytes}")
    return words


def order(command: Command, sandbox: Sandbox, grace: timedelta) -> bytes:
    """What the supervising process inside reads; its source goes before."""
    has_gateway = sandbox.gateway is not None
    told = {
        "forwarder": _FORWARDER.read_text() if has_gateway else "",
        "gateway": gateway_inside(sandbox.gateway) if sandbox.gateway is not None else "",
        "port": GATEWAY_PORT,
        "argv": command.argv,
        "environment": dict(command.environment),
        "folder": inside(sandbox, command.folder),
        "deadline": command.deadline.total_seconds(),
        "grace": grace.total_seconds(),
    }
    source = Path(docker_inside.__file__).read_bytes()
    text = json.dumps(told).encode()
    parts = (source, text, command.stdin)
    return b"".join(b"%d\n%b" % (len(part), part) for part in parts)
