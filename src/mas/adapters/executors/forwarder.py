"""Brings the model gateway into a sandbox: from a loopback port to the gateway's socket (S3, R5).

Loaded by `inside.py`, which is a script without packages: only the standard library. One thread,
no limits of its own: whoever connects is a process of the sandbox, and the gateway meters.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from typing import Final

_PIECE: Final = 1 << 16
_BACKLOG: Final = 64
_LOOK_SECONDS: Final = 0.5
"""The longest that the command's end goes unseen, should its signal come at a bad moment."""


class _Half:
    """One direction of a connection: what came from `source` goes to `sink`."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.waiting = b""
        self.finished = False
        """The source has said its last; what waits is still handed on."""


class Forwarder:
    """Listens on loopback and pumps each connection to a Unix socket."""

    def __init__(self, gateway: str, port: int) -> None:
        """Raises OSError where the port is taken."""
        self._gateway = gateway
        self._halves: dict[socket.socket, tuple[_Half, _Half]] = {}
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)

    def close(self) -> None:
        """Close the port; in the child that becomes the command."""
        self._listener.close()

    def serve_until_end_of(self, pid: int) -> int:
        """Pump until this child has ended; returns its status. Orphans are taken leave of."""
        ended = os.pidfd_open(pid)
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                for key, events in selector.select(_LOOK_SECONDS):
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    elif isinstance(key.fileobj, socket.socket):
                        self._pump(selector, key.fileobj, events)
                status = _reap(pid)
                if status is not None:
                    return status

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            far.connect(self._gateway)
        except OSError:
            near.close()
            far.close()
            return
        # Otherwise an answer in small pieces waits for acknowledgements, 40 ms each.
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        near.setblocking(False)
        far.setblocking(False)
        out, back = _Half(near, far), _Half(far, near)
        # Of each socket: the direction that it feeds, and the one that feeds it.
        self._halves[near], self._halves[far] = (out, back), (back, out)
        selector.register(near, selectors.EVENT_READ)
        selector.register(far, selectors.EVENT_READ)

    def _pump(self, selector: selectors.BaseSelector, one: socket.socket, events: int) -> None:
        if one not in self._halves:
            return
        feeds, fed = self._halves[one]
        try:
            if events & selectors.EVENT_READ and not feeds.waiting and not feeds.finished:
                feeds.waiting = one.recv(_PIECE)
                feeds.finished = not feeds.waiting
                self._hand_on(feeds)
            if events & selectors.EVENT_WRITE:
                self._hand_on(fed)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(selector, one)
            return
        if feeds.finished and fed.finished and not feeds.waiting and not fed.waiting:
            self._drop(selector, one)
            return
        self._watch(selector, feeds.source, feeds.sink)

    def _hand_on(self, half: _Half) -> None:
        if half.waiting:
            with contextlib.suppress(BlockingIOError):
                half.waiting = half.waiting[half.sink.send(half.waiting) :]
        if half.finished and not half.waiting:
            with contextlib.suppress(OSError):
                half.sink.shutdown(socket.SHUT_WR)

    def _watch(self, selector: selectors.BaseSelector, *sockets: socket.socket) -> None:
        """Read where there is room for it, write where something waits."""
        for one in sockets:
            feeds, fed = self._halves[one]
            events = 0
            if not feeds.waiting and not feeds.finished:
                events |= selectors.EVENT_READ
            if fed.waiting:
                events |= selectors.EVENT_WRITE
            registered = one in selector.get_map()
            if events and registered:
                selector.modify(one, events)
            elif events:
                selector.register(one, events)
            elif registered:
                selector.unregister(one)

    def _drop(self, selector: selectors.BaseSelector, one: socket.socket) -> None:
        feeds, _ = self._halves[one]
        for each in (feeds.source, feeds.sink):
            if each in selector.get_map():
                selector.unregister(each)
            del self._halves[each]
            each.close()


def _reap(pid: int) -> int | None:
    """Take leave of all who have ended; the status of this child when it is one of them."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = status
