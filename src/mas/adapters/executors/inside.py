"""The first process inside a sandbox: it closes what is still open and runs the command (S1, S3).

Run as a script by the interpreter of MAS, below the supervisor or below bubblewrap; in a process
namespace it is the first process, which nobody inside can signal. Its order is JSON, read from
descriptor 4; how the command went is written to descriptor 3, as the supervisor's protocol has it.
It stays as the parent of the command, which has none of its descriptors, and pumps between the
loopback port of the model gateway and the gateway's socket where that is asked for.
"""
# It starts for every command, so it loads little.
# ruff: noqa: PTH100, PTH120, S606

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from typing import Any

_TOLD, _ORDER = 3, 4
_FIRST_UNWANTED, _LAST_UNWANTED = 5, 1 << 16
_SIGNALS = ("INT", "TERM", "HUP", "PIPE", "XFSZ", "CHLD")
_READ = 1 << 20


def main() -> None:
    """Carry out the order."""
    os.closerange(_FIRST_UNWANTED, _LAST_UNWANTED)
    os.set_inheritable(_TOLD, False)
    for name in ("INT", "TERM", "HUP"):
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)
    order = _read_order()
    _find_neighbours()
    from mas.adapters.executors import confinement

    step = "network"
    try:
        if order["close_network"]:
            confinement.leave_network()
        forwarder = _forwarder(order)
        step = "broken"
        pid = _start(order, forwarder)
    except OSError as exc:
        _tell(f"{step} {exc.errno or errno.EPERM}")
        os._exit(1)
    if not pid:
        os._exit(1)
    if order["die_with_parent"]:
        confinement.die_with_parent()
    status = forwarder.serve_until_end_of(pid) if forwarder else _wait(pid)
    code = os.waitstatus_to_exitcode(status)
    _tell(f"signal {-code}" if code < 0 else f"exit {code}")
    os._exit(0)


def _read_order() -> dict[str, Any]:
    os.lseek(_ORDER, 0, os.SEEK_SET)
    pieces = []
    while piece := os.read(_ORDER, _READ):
        pieces.append(piece)
    os.close(_ORDER)
    order: dict[str, Any] = json.loads(b"".join(pieces))
    return order


def _find_neighbours() -> None:
    """Let modules beside this one be imported; the standard library stays first."""
    here = os.path.abspath(__file__)
    for _ in range(4):
        here = os.path.dirname(here)
    sys.path.append(here)


def _forwarder(order: dict[str, Any]) -> Any:
    if order["gateway"] is None:
        return None
    from mas.adapters.executors.forwarder import Forwarder

    return Forwarder(order["gateway"], order["gateway_port"])


def _start(order: dict[str, Any], forwarder: Any) -> int:
    """Start the command; 0 when it did not start, which is then told."""
    outcome, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        step = "broken"
        try:
            os.close(outcome)
            if forwarder is not None:
                forwarder.close()
            _confine(order)
            step = "folder"
            os.chdir(order["folder"])
            step = "program"
            os.execvpe(order["argv"][0], order["argv"], dict(order["environment"]))
        except OSError as exc:
            os.write(report, f"{step} {exc.errno or 0}".encode())
        except BaseException as exc:  # noqa: BLE001 - this is the border to another process
            os.write(report, f"{step} {errno.EINVAL}".encode())
            os.write(2, f"{type(exc).__name__}: {exc}\n".encode())
        finally:
            os._exit(127)
    os.close(report)
    told = os.read(outcome, _READ)
    os.close(outcome)
    if told:
        os.waitpid(pid, 0)
        _tell(told.decode())
        return 0
    return pid


def _confine(order: dict[str, Any]) -> None:
    """Give up what the command shall not have; in the child."""
    from mas.adapters.executors import confinement

    for name in _SIGNALS:
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
    if order["new_session"]:
        os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order["file_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_bytes"], order["file_bytes"]))
    if order["processes"] is not None:
        most = order["processes"]
        if order["user_is_shared"]:
            most += confinement.tasks_of_user()
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    rules = confinement.open_rules(order["landlock"]) if order["landlock"] else None
    if order["user"] is not None:
        confinement.become(order["user"])
    if order["die_with_parent"]:
        confinement.die_with_parent()
    if order["confine"]:
        confinement.give_up_privileges()
        if rules is not None:
            confinement.enforce(rules)
        if order["close_local_sockets"]:
            confinement.close_local_sockets()


def _wait(pid: int) -> int:
    """Wait for the command, and take leave of orphans meanwhile."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return status


def _tell(text: str) -> None:
    os.write(_TOLD, text.encode() + b"\n")


if __name__ == "__main__":
    main()
