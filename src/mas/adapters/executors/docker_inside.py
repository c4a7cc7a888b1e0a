"""The process that supervises a command inside its container.

It comes with its order on standard input, so an image needs nothing but a Python, and no secret of
the order is seen in the container's settings, on a command line or in a file. It gives the command
exactly its environment, passes on its output unchanged, and says at the very end how it ended:

    in:    LENGTH\\n and this text, LENGTH\\n and the order as JSON, LENGTH\\n and the input
    out:   the output, then \\0 mas-ended: KIND NUMBER TOTAL_BYTES \\n

KIND is exit, signal, deadline, folder (errno) or program (errno). It exits with UNORDERED and says
nothing when the order never came whole: MAS died before it had told it. On TERM, at the deadline
and when the command has ended it ends all that is left: TERM, the grace, KILL.
"""

# It is sent to every container and runs on whatever Python an image has, so it loads little.
# ruff: noqa: PTH208

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

MARK = b"\0mas-ended: "
UNORDERED = 93
BOOTSTRAP = (
    "import sys;b=sys.stdin.buffer;n=int(b.readline() or 0);s=b.read(n);"
    "exec(s) if n and len(s)==n else sys.exit(93)"
)
_READ = 65536
_FIRST_PROCESSES = 100
_LAST_SECONDS = 5.0


def main() -> None:
    """Take the order, run the command, and say how it ended."""
    if os.getppid() > 1 or os.getpid() > _FIRST_PROCESSES:
        os._exit(UNORDERED)  # It ends all processes it sees: never outside of a container.
    stream = sys.stdin.buffer
    try:
        length = int(stream.readline())
        order = json.loads(stream.read(length))
        left = int(stream.readline())
        given = stream.read(left)
    except ValueError:
        os._exit(UNORDERED)
    if len(given) != left:
        os._exit(UNORDERED)
    _Command(order, given).run()


class _Command:
    """One command with everything that it starts."""

    def __init__(self, order: dict[str, Any], given: bytes) -> None:
        self.order = order
        self.given = memoryview(given)
        self.total = 0
        self.stopped = False
        self.pid = 0
        self.feed: int | None = None
        self.output: int | None = None
        self.ended: tuple[str, int] | None = None
        self.wake, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def run(self) -> None:
        """Follow it to its end; does not return."""
        until = time.monotonic() + self.order["deadline"]
        self._forward()
        self._start()
        in_time = True
        while self.ended is None and not self.stopped and in_time:
            in_time = self._turn(until)
        self._end_all()
        self._say(*(self.ended or ("signal", signal.SIGKILL)) if in_time else ("deadline", 0))

    def _forward(self) -> None:
        """Bring the gateway to loopback; it listens when this returns."""
        source = self.order["forwarder"]
        if source:
            module: dict[str, Any] = {"__name__": "forwarder"}
            exec(source, module)  # noqa: S102 - it comes with the order, as this text does
            forwarder = module["Forwarder"](self.order["gateway"], self.order["port"])
            if os.fork() == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                forwarder.serve_until_end_of(os.getppid())
                os._exit(0)
            forwarder.close()

    def _start(self) -> None:
        argv, environment = self.order["argv"], self.order["environment"]
        try:
            os.chdir(self.order["folder"])
        except OSError as exc:
            self._say("folder", exc.errno or 0)
        theirs, feed = os.pipe()
        output, out = os.pipe()
        os.set_blocking(feed, False)
        self.feed, self.output = feed, output
        # What a program is looked for with is this process's own PATH.
        os.environ["PATH"] = environment.get("PATH", os.defpath)
        try:
            self.pid = os.posix_spawnp(
                argv[0],
                argv,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs, 0),
                    (os.POSIX_SPAWN_DUP2, out, 1),
                    (os.POSIX_SPAWN_DUP2, out, 2),
                ],
                setsid=True,
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        except OSError as exc:
            self._say("program", exc.errno or 0)
        os.close(theirs)
        os.close(out)

    def _turn(self, until: float) -> bool:
        """Wait for what comes next and deal with it; False when the time is over."""
        left = until - time.monotonic()
        if left <= 0:
            return False
        reads = [self.wake] + ([self.output] if self.output is not None else [])
        writes = [self.feed] if self.feed is not None else []
        readable, writable, _ = select.select(reads, writes, [], left)
        if self.wake in readable:
            os.read(self.wake, _READ)
            self._reap()
        if self.output is not None and self.output in readable:
            self._pass_on(self.output)
        if self.feed is not None and writable:
            self._give(self.feed)
        return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self.pid:
                code = os.waitstatus_to_exitcode(status)
                self.ended = ("exit", code) if code >= 0 else ("signal", -code)

    def _pass_on(self, output: int) -> None:
        piece = os.read(output, _READ)
        if not piece:
            os.close(output)
            self.output = None
        self.total += len(piece)
        _write(piece)

    def _give(self, feed: int) -> None:
        try:
            if self.given:
                self.given = self.given[os.write(feed, self.given[:_READ]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.given = self.given[:0]
        if not self.given:
            os.close(feed)
            self.feed = None

    def _end_all(self) -> None:
        """TERM to everybody, the grace, KILL; then read what they have said."""
        until = time.monotonic() + self.order["grace"]
        _signal_all(signal.SIGTERM)
        while _others() and time.monotonic() < until:
            self._turn(min(until, time.monotonic() + 0.02))
        _signal_all(signal.SIGKILL)
        until = time.monotonic() + _LAST_SECONDS
        while (self.output is not None or self.ended is None) and self._turn(until):
            pass

    def _say(self, kind: str, number: int) -> NoReturn:
        _write(MARK + f"{kind} {number} {self.total}\n".encode())
        os._exit(0)


def _signal_all(number: int) -> None:
    """Send a signal to everyone in the container but this process and the first."""
    with contextlib.suppress(OSError):  # There is nobody.
        os.kill(-1, number)


def _others() -> bool:
    """Whether somebody else still runs."""
    mine = {"1", str(os.getpid())}
    for name in os.listdir("/proc"):
        if name.isdigit() and name not in mine:
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                    if stat.read().rpartition(b")")[2].split()[0] != b"Z":
                        return True
            except OSError:
                continue
    return False


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
