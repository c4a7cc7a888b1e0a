"""The process between MAS and a command: it owns the command's whole tree and ends it (S2).

Run as a script of its own, so it imports nothing of MAS and little else. On Linux it adopts every
descendant that loses its parent, also one that has left session and group. It ends the tree when
the command ends, when it is told to, and when MAS is gone: then its control channel is closed.

    control channel in:   ARGC ENVC GRACE_MS LENGTH\\n folder\\0 argv...\\0 NAME=value...   then S
    control channel out:  started PID\\n, then exit N\\n or signal N\\n; else folder ERRNO\\n or
                          program ERRNO\\n
"""
# It starts for every command, so it loads little.
# ruff: noqa: PTH123, PTH208, S605, S606, S607

import os
import select
import signal
import sys
import time

_ADOPTS = sys.platform.startswith("linux")
_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 10.0
_READ = 65536


def main() -> None:
    """Serve one command over the control channel whose descriptor is the first argument."""
    control = int(sys.argv[1])
    os.set_inheritable(control, False)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    _adopt()
    folder, argv, environment, grace = _read_order(control)
    pid = _start(control, folder, argv, environment)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        # Whoever reads the output shall see its end when the tree is gone.
        os.dup2(null, number)
    if pid:
        _say(control, b"started %d\n" % pid)
        tree = _Tree(control, wake, pid)
        tree.wait(None, listening=True)
        tree.signal_all(signal.SIGTERM)
        tree.wait(time.monotonic() + grace, listening=False)
        tree.kill()
    os._exit(0)


def _adopt() -> None:
    """Become the parent of orphaned descendants; only Linux can."""
    if _ADOPTS:
        # Only where it is needed: it takes longer to load than the rest.
        import ctypes

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _read_order(control: int) -> tuple[bytes, list[bytes], dict[bytes, bytes], float]:
    data = b""
    while b"\n" not in data:
        data += _more(control)
    head, _, body = data.partition(b"\n")
    words, variables, grace, length = (int(part) for part in head.split())
    pieces = [body]
    missing = length - len(body)
    while missing > 0:
        piece = _more(control)
        pieces.append(piece)
        missing -= len(piece)
    parts = b"".join(pieces)[:length].split(b"\0")
    pairs = (part.partition(b"=") for part in parts[1 + words : 1 + words + variables])
    environment = {name: value for name, _, value in pairs}
    return parts[0], parts[1 : 1 + words], environment, grace / 1000


def _more(control: int) -> bytes:
    data = os.read(control, _READ)
    if not data:
        os._exit(0)
    return data


def _start(control: int, folder: bytes, argv: list[bytes], environment: dict[bytes, bytes]) -> int:
    """Start the command in a session of its own; 0 when it did not start, which is then told."""
    outcome, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        step = b"folder"
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in ("INT", "TERM", "HUP", "CHLD", "PIPE"):
                signal.signal(getattr(signal, f"SIG{number}"), signal.SIG_DFL)
            os.chdir(folder)
            step = b"program"
            os.execvpe(argv[0], argv, environment)
        except OSError as exc:
            os.write(report, b"%s %d\n" % (step, exc.errno or 0))
        finally:
            os._exit(127)
    os.close(report)
    told = os.read(outcome, _READ)
    os.close(outcome)
    if told:
        os.waitpid(pid, 0)
        _say(control, told)
        return 0
    return pid


def _say(control: int, text: bytes) -> None:
    try:
        os.write(control, text)
    except OSError:
        return


class _Tree:
    """The command and all its descendants."""

    def __init__(self, control: int, wake: int, pid: int) -> None:
        self._control = control
        self._wake = wake
        self._pid = pid
        self._ended = False
        self._empty = False

    def wait(self, until: float | None, *, listening: bool) -> None:
        """Wait until all are gone or `until` is over; listening, also for the command's own end
        and for being told to stop."""
        while not self._reap() and not (listening and self._ended):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            watched = [self._wake, self._control] if listening else [self._wake]
            ready, _, _ = select.select(watched, [], [], left)
            if self._wake in ready:
                os.read(self._wake, _READ)
            if self._control in ready:
                return

    def kill(self) -> None:
        """Kill until nobody is left: some may be born while others are killed."""
        until = time.monotonic() + _KILL_SECONDS
        while not self._reap() and time.monotonic() < until:
            self.signal_all(signal.SIGKILL)
            self.wait(time.monotonic() + 0.02, listening=False)

    def signal_all(self, number: int) -> None:
        """Signal all descendants that there are just now."""
        if self._empty:
            return
        for pid in _descendants(self._pid):
            try:
                os.kill(pid, number)
            except OSError:
                continue

    def _reap(self) -> bool:
        """Take leave of those who have ended; whether nobody is left."""
        while not self._empty:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                # Where orphans are not ours, others of the command's group may be left.
                self._empty = _ADOPTS or not _descendants(self._pid)
                break
            if pid == 0:
                break
            if pid == self._pid:
                self._ended = True
                code = os.waitstatus_to_exitcode(status)
                kind = b"signal %d\n" % -code if code < 0 else b"exit %d\n" % code
                _say(self._control, kind)
        return self._empty


def _descendants(command: int) -> list[int]:
    """Everyone below this process, or below the command, and everyone of its group."""
    me = os.getpid()
    children: dict[int, list[int]] = {}
    found = []
    for pid, parent, group in _processes():
        children.setdefault(parent, []).append(pid)
        if group == command and pid != me:
            found.append(pid)
    queue = [me if _ADOPTS else command]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _processes() -> list[tuple[int, int, int]]:
    """Process, parent and group of all processes."""
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        names = []
    if not names:
        with os.popen("ps -axo pid=,ppid=,pgid=") as lines:
            return [(int(a), int(b), int(c)) for a, b, c in (line.split() for line in lines)]
    found = []
    for name in names:
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                # The name stands in parentheses and may hold anything.
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        found.append((int(name), int(fields[1]), int(fields[2])))
    return found


if __name__ == "__main__":
    main()
