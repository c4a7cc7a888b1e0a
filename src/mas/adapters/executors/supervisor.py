"""The process between MAS and a command: it owns the command's whole tree and ends it (S2).

Run as a script of its own, so it imports nothing of MAS and little else. On Linux it adopts every
descendant that loses its parent, also one that has left session and group. It ends the tree when
the command ends, when it is told to, and when MAS is gone: then its control channel is closed.

    control channel in:   ARGC ENVC OPTC GRACE_MS LENGTH\\n folder\\0 argv...\\0 NAME=value...\\0
                          OPTION=value...   then S
    control channel out:  started PID\\n, then exit N\\n, signal N\\n or oom 1\\n; else folder
                          ERRNO\\n, program ERRNO\\n, network ERRNO\\n or broken N\\n

Options are for isolated commands. Their program is a wrapper (`inside.py`, perhaps below
bubblewrap), and `usage.py` looks after the rest:

    inside=FD       what the wrapper is to do, given to it as descriptor 4; how the command went is
                    read from its descriptor 3, and the wrapper itself is not asked to end
    hold=FD         kept open to the end: a lock
    group=FOLDER    a control group that the command joins, and that is removed after it
    oom=FILE        where such a group counts kills for want of memory
    memory=BYTES, processes=N   limits to watch where no group does
    remove=FOLDER   removed after the command
"""
# It starts for every command, so it loads little.
# ruff: noqa: PTH100, PTH120, PTH123, PTH208, S605, S606, S607

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mas.adapters.executors.usage import Usage

_ADOPTS = sys.platform.startswith("linux")
_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 10.0
_LOOK_SECONDS = 0.15
"""How often the use of memory and processes is looked at."""
_READ = 65536
_FREE = 10
"""Descriptors below this one are given to the command on purpose, or not at all."""
_TOLD, _ORDER = 3, 4
"""Of the wrapper: where it tells how the command went, and where its order is read."""

Options = dict[bytes, list[bytes]]


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
    folder, argv, environment, options, grace, stopped = _read_order(control)
    for descriptor in options.get(b"hold", []) + options.get(b"inside", []):
        os.set_inheritable(int(descriptor), False)
    usage = _usage(options) if options else None
    told, telling = os.pipe()
    pid = _start(control, folder, argv, environment, options, telling)
    os.close(telling)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        # Whoever reads the output shall see its end when the tree is gone.
        os.dup2(null, number)
    if pid:
        _say(control, b"started %d\n" % pid)
        tree = Tree(control, wake, pid, usage, told if b"inside" in options else None)
        tree.wait(time.monotonic() if stopped else None, listening=True)
        tree.signal_all(signal.SIGTERM)
        tree.wait(time.monotonic() + grace, listening=False)
        tree.kill()
        tree.settle()
    if usage is not None:
        usage.remove()
    os._exit(0)


def _adopt() -> None:
    """Become the parent of orphaned descendants; only Linux can."""
    if _ADOPTS:
        # Only where it is needed: it takes longer to load than the rest.
        import ctypes

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _usage(options: Options) -> Usage:
    """What looks after limits. It is loaded for isolated commands alone."""
    here = os.path.abspath(__file__)
    for _ in range(4):
        here = os.path.dirname(here)
    sys.path.append(here)
    from mas.adapters.executors.usage import Usage

    return Usage(options)


def _read_order(
    control: int,
) -> tuple[bytes, list[bytes], dict[bytes, bytes], Options, float, bool]:
    """The order in its parts, and whether being told to stop came right behind it."""
    data = b""
    while b"\n" not in data:
        data += _more(control)
    head, _, body = data.partition(b"\n")
    words, variables, extras, grace, length = (int(part) for part in head.split())
    pieces = [body]
    missing = length - len(body)
    while missing > 0:
        piece = _more(control)
        pieces.append(piece)
        missing -= len(piece)
    text = b"".join(pieces)
    parts = text[:length].split(b"\0")
    first, last = 1 + words, 1 + words + variables
    pairs = (part.partition(b"=") for part in parts[first:last])
    environment = {name: value for name, _, value in pairs}
    options: Options = {}
    for part in parts[last : last + extras]:
        name, _, value = part.partition(b"=")
        options.setdefault(name, []).append(value)
    return parts[0], parts[1:first], environment, options, grace / 1000, len(text) > length


def _more(control: int) -> bytes:
    data = os.read(control, _READ)
    if not data:
        os._exit(0)
    return data


def _start(
    control: int,
    folder: bytes,
    argv: list[bytes],
    environment: dict[bytes, bytes],
    options: Options,
    telling: int,
) -> int:
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
            if options:
                step = b"broken"
                report = _prepare_wrapper(options, telling, report)
                step = b"folder"
            os.chdir(folder)
            step = b"broken" if options else b"program"
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


def _prepare_wrapper(options: Options, telling: int, report: int) -> int:
    """Join the control groups and lay out the wrapper's descriptors, in the child."""
    import fcntl

    for group in options.get(b"group", []):
        with open(group + b"/cgroup.procs", "wb", buffering=0) as members:
            members.write(b"0")
    try:
        # When the machine itself runs out of memory, an agent goes before MAS does.
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as score:
            score.write(b"500")
    except OSError:
        pass
    order = fcntl.fcntl(int(options[b"inside"][0]), fcntl.F_DUPFD_CLOEXEC, _FREE)
    telling = fcntl.fcntl(telling, fcntl.F_DUPFD_CLOEXEC, _FREE)
    report = fcntl.fcntl(report, fcntl.F_DUPFD_CLOEXEC, _FREE)
    os.dup2(telling, _TOLD)
    os.dup2(order, _ORDER)
    return report


def _say(control: int, text: bytes) -> None:
    try:
        os.write(control, text)
    except OSError:
        return  # MAS is gone; the end of its channel says so too.


class Tree:
    """The command and everything that descends from it."""

    def __init__(
        self, control: int, wake: int, pid: int, usage: Usage | None, told: int | None
    ) -> None:
        self._control = control
        self._wake = wake
        self._pid = pid
        self._usage = usage
        self._told = told
        """Where the wrapper of an isolated command tells how it went; None: there is none."""
        self._ended = False
        self._empty = False
        self._said = False

    def wait(self, until: float | None, *, listening: bool) -> None:
        """Wait until all are gone or `until` is over; listening, also for the command's own end,
        for a limit that it has reached, and for being told to stop."""
        while not self._reap() and not (listening and (self._ended or self._exceeded())):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            if listening and self._usage is not None:
                left = _LOOK_SECONDS
            watched = [self._wake, self._control] if listening else [self._wake]
            if self._told is not None and not self._ended:
                watched.append(self._told)
            ready, _, _ = select.select(watched, [], [], left)
            if self._wake in ready:
                os.read(self._wake, _READ)
            if self._told in ready:
                self._listen_to_wrapper()
            if self._control in ready:
                return

    def kill(self) -> None:
        """Kill until nobody is left: some may be born while others are killed."""
        until = time.monotonic() + _KILL_SECONDS
        while not self._reap() and time.monotonic() < until:
            if self._usage is not None:
                self._usage.kill()
            self.signal_all(signal.SIGKILL)
            self.wait(time.monotonic() + 0.02, listening=False)

    def signal_all(self, number: int) -> None:
        """Signal all descendants that there are just now."""
        if self._empty:
            return
        for pid in descendants(self._pid):
            if pid == self._pid and self._told is not None and number != signal.SIGKILL:
                continue  # All the others would be killed with the wrapper at once.
            try:
                os.kill(pid, number)
            except OSError:
                continue

    def settle(self) -> None:
        """Say how an isolated command went, if nobody has."""
        if self._told is not None:
            self._listen_to_wrapper()
            self._conclude(b"lost 1\n")

    def _exceeded(self) -> bool:
        """Whether a limit is reached; who has reached one gets no grace."""
        if self._usage is None or not self._usage.exceeded(self._members):
            return False
        self._conclude(b"signal 9\n")
        self.kill()
        return True

    def _members(self) -> list[int]:
        return descendants(self._pid)

    def _listen_to_wrapper(self) -> None:
        """Take in how the command went, once; the end of the channel is the wrapper's end."""
        if self._told is None or self._said:
            return
        ready, _, _ = select.select([self._told], [], [], 0)
        if ready:
            text = os.read(self._told, _READ)
            self._ended = True
            if text:
                self._conclude(text)

    def _conclude(self, text: bytes) -> None:
        if not self._said:
            self._said = True
            if self._usage is not None and self._usage.out_of_memory():
                text = b"oom 1\n"
            _say(self._control, text)

    def _reap(self) -> bool:
        """Take leave of those who have ended; whether nobody is left."""
        while not self._empty:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                # Where orphans are not ours, others of the command's group may be left.
                self._empty = _ADOPTS or not descendants(self._pid)
                break
            if pid == 0:
                break
            if pid == self._pid:
                self._ended = True
                if self._told is None:
                    code = os.waitstatus_to_exitcode(status)
                    self._conclude(b"signal %d\n" % -code if code < 0 else b"exit %d\n" % code)
        return self._empty


def descendants(command: int) -> list[int]:
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
