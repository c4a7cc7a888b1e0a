"""What a process can do to itself so that it can do less (S1, S3); Linux alone.

Loaded by `inside.py`, which is a script without packages: only the standard library. Landlock is
spoken through its three system calls, for which the C library has no functions.
"""
# ruff: noqa: PTH116, PTH208

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import stat
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST_ABI_BITS: Final = (1 << 13) - 1
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READING: Final = _EXECUTE | _READ_FILE | _READ_DIR
_SCOPE_SOCKETS_AND_SIGNALS: Final = 3
_SCOPE_ABI: Final = 6

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_LAST_CAPABILITY: Final = 63
_PR_SET_SECCOMP, _FILTER = 22, 2
_SYSTEM_CALLS: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Of each machine: how system calls of its kind are marked, and which one makes a socket."""
_FOREIGN_CALLS: Final = 0x40000000
_IO_URING_SETUP: Final = 425
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000 | errno.EACCES
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_CLONE_NEWNET, _CLONE_NEWIPC = 0x40000000, 0x08000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def landlock_abi() -> int:
    """Which Landlock this kernel has; 0: none, or it is switched off."""
    try:
        return max(int(_libc().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)), 0)
    except (OSError, AttributeError):
        return 0


def open_rules(wanted: Mapping[str, Any]) -> int:
    """Make a set of Landlock rules: `read` and `write` are paths; `scope_only` restricts no file.

    Done before privileges are given up, because folders on the way may be closed to others.
    Paths that are not there are left out.
    """
    abi = landlock_abi()
    handled = 0 if wanted["scope_only"] else _handled(abi)
    scoped = _SCOPE_SOCKETS_AND_SIGNALS if abi >= _SCOPE_ABI else 0
    attributes = struct.pack("=QQQ", handled, 0, scoped)
    size = len(attributes) if abi >= _SCOPE_ABI else 8
    rules = _checked(_libc().syscall(_CREATE_RULESET, attributes, size, 0))
    if not wanted["scope_only"]:
        _allow(rules, wanted["read"], _READING & handled)
        _allow(rules, wanted["write"], handled & ~_IOCTL_DEV)
        _allow(rules, wanted["devices"], handled)
    return rules


def _handled(abi: int) -> int:
    bits = _FIRST_ABI_BITS
    for first, bit in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        if abi >= first:
            bits |= bit
    return bits


def _allow(rules: int, paths: Sequence[str], access: int) -> None:
    for path in paths:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            granted = access if stat.S_ISDIR(os.fstat(opened).st_mode) else access & _OF_FILES
            rule = struct.pack("=Qi", granted, opened)
            _checked(_libc().syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0))
        finally:
            os.close(opened)


def enforce(rules: int) -> None:
    """Restrict this process and all its descendants, for good."""
    _checked(_libc().syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def become(user: int) -> None:
    """Be another user, with no other group."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def tasks_of_user() -> int:
    """How many processes and threads this user has now, on the whole machine."""
    mine, found = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == mine:
                    found += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return found


def give_up_privileges() -> None:
    """Have no capability and never get one again."""
    libc = _libc()
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def close_local_sockets() -> None:
    """Make no socket to reach services of this machine by path: Landlock does not guard those.

    Pairs of sockets still work. On machines whose system calls are not known here, this does
    nothing.
    """
    known = _SYSTEM_CALLS.get(os.uname().machine)
    if known is None:
        return
    kind, make_socket = known
    number, kind_of_call, first_argument = 0, 4, 16
    program = (
        (_LOAD, 0, 0, kind_of_call),
        (_IF_EQUAL, 0, 7, kind),
        (_LOAD, 0, 0, number),
        (_IF_AT_LEAST, 5, 0, _FOREIGN_CALLS),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),  # It could make sockets past this filter.
        (_IF_EQUAL, 0, 2, make_socket),
        (_LOAD, 0, 0, first_argument),
        (_IF_EQUAL, 1, 0, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOWED),
        (_RETURN, 0, 0, _REFUSED),
    )
    words = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in program))
    head = struct.pack("@HP", len(program), ctypes.addressof(words))
    _checked(_libc().prctl(_PR_SET_SECCOMP, _FILTER, head, 0, 0))


def die_with_parent() -> None:
    """Be killed when the parent dies."""
    _libc().prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def hide() -> None:
    """Keep others of this user from tracing this process and reading its memory."""
    _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def leave_network() -> None:
    """Move into a network with nothing but loopback; only with privileges.

    Raises:
        OSError: It is not permitted.
    """
    _checked(_libc().unshare(_CLONE_NEWNET | _CLONE_NEWIPC))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sH22x", b"lo", 0))
        fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        flags = struct.unpack_from("H", request, 16)[0]
        struct.pack_into("H", request, 16, flags | _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
