"""How a command is started inside its pod: exactly its environment, its input, its limits (S3).

Kubernetes adds variables of its own and of the image to those of a pod, has no standard input that
outlives a connection, and no limit for the size of files; it keeps two streams apart, so that
nobody can tell afterwards what came first. A few lines of POSIX shell, run by the
image's `/bin/sh` before the command takes its place, see to these.
"""

from __future__ import annotations

import base64
from typing import Final

from mas.core.errors import UserError
from mas.core.executors import Command, Limits

NO_PROGRAM_NOTE: Final = "mas: no program"
"""The pod's last words when there was no such program; the exit code is 127 then."""
_CHUNK_BYTES: Final = 60_000
"""One argument has at most 128 KiB."""
_BLOCK_BYTES: Final = 512
_DEFAULT_PATH: Final = "/bin:/usr/bin"
_SCRIPT: Final = r"""
exec 2>&1
program=$1 path=$2 blocks=$3
shift 3
if [ "$1" != - ]; then
  while [ "$1" != - ]; do printf %s "$1"; shift; done >/tmp/.mas-input
  base64 -d </tmp/.mas-input >/tmp/.mas-decoded || exit 125
  exec </tmp/.mas-decoded
  rm -f /tmp/.mas-input /tmp/.mas-decoded
fi
shift
found=
case $program in
*/*) [ -f "$program" ] && [ -x "$program" ] && found=1 ;;
*)
  IFS=: ; set -f
  for folder in $path; do
    [ -f "${folder:-.}/$program" ] && [ -x "${folder:-.}/$program" ] && found=1 && break
  done
  unset IFS ;;
esac
if [ -z "$found" ]; then
  printf %s "NOTE" >/dev/termination-log
  exit 127
fi
[ "$blocks" = - ] || ulimit -f "$blocks"
exec /usr/bin/env -i "$@"
""".replace("NOTE", NO_PROGRAM_NOTE)


def container_arguments(command: Command) -> list[str]:
    """The whole command line of the container.

    Values of the environment stand in it by reference alone.

    Raises:
        UserError: The command has no program, or holds what no command line or environment can.
    """
    _check(command)
    program = command.argv[0]
    path = command.environment.get("PATH", _DEFAULT_PATH)
    limits = command.sandbox.limits if command.sandbox is not None else Limits()
    blocks = "-" if limits.file_bytes is None else str(-(-limits.file_bytes // _BLOCK_BYTES))
    encoded = base64.b64encode(command.stdin).decode()
    pieces = [encoded[at : at + _CHUNK_BYTES] for at in range(0, len(encoded), _CHUNK_BYTES)]
    given = [program, path, blocks, *pieces, "-"]
    words = list(command.argv)
    return [
        *(_plain(one) for one in ("/bin/sh", "-c", _SCRIPT, "mas", *given)),
        *(f"{_plain(name)}=$({name})" for name in command.environment),
        *(_plain(one) for one in words),
    ]


def _check(command: Command) -> None:
    if not command.argv or not command.argv[0]:
        raise UserError(
            "The command names no program.", hint="Give the program first.", code="no_program"
        )
    if "=" in command.argv[0]:
        raise _bad(f"The name of the program {command.argv[0]} holds an equals sign.")
    for name in command.environment:
        if not name or not name.isascii() or not name.isprintable() or set(name) & set("=()"):
            raise _bad(f"{name!r} cannot be the name of a variable.")
    texts = (*command.argv, *command.environment.values())
    if any("\0" in one for one in texts):
        raise _bad("A word of the command holds a zero character.")
    try:
        for one in texts:
            one.encode()
    except UnicodeEncodeError as exc:
        raise _bad("A word of the command is no UTF-8, and a Job holds nothing else.") from exc


def _plain(text: str) -> str:
    """So that Kubernetes gives it on as it is."""
    return text.replace("$", "$$")


def _bad(message: str) -> UserError:
    return UserError(message, hint="Change the command.", code="bad_command")
