"""A well-behaved server. Writes its process id, and that of a child, where MARKS says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

server = MCPServer("good")
marks = Path(os.environ["MARKS"]) if "MARKS" in os.environ else None


def mark(name: str, text: str) -> None:
    if marks is not None:
        with (marks / name).open("a") as file:
            file.write(text + "\n")


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=True)
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def note(text: str) -> str:
    """Write a note."""
    mark("notes", text)
    return f"noted {text}"


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def wipe() -> str:
    """Remove everything."""
    return "wiped"


@server.tool(annotations=ToolAnnotations(idempotent_hint=True))
def fail() -> str:
    """Fail with a sentence."""
    raise ToolError("the disk is on fire")


@server.tool()
async def wait(seconds: float) -> str:
    """Wait for some seconds."""
    mark("waiting", "began")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        mark("waiting", "cancelled")
        raise
    return "waited"


@server.tool()
def die() -> str:
    """End the process in the middle of the call."""
    mark("died", "once")
    print("fatal: out of luck, token sk-canary-1234567890", file=sys.stderr, flush=True)
    os._exit(7)


@server.tool(structured_output=False)
def large(megabytes: int) -> str:
    """Return many megabytes."""
    return "0123456789abcde\n" * (megabytes * 1_000_000 // 16)


@server.tool(structured_output=False)
def environment() -> str:
    """Show the names and values of all variables."""
    return "\n".join(f"{key}={value}" for key, value in sorted(os.environ.items()))


if __name__ == "__main__":
    mark("started", str(os.getpid()))
    print("good server is up", file=sys.stderr, flush=True)
    if os.environ.get("CHILD"):
        # A child that ignores TERM, and one that leaves the process group.
        for group in (None, 0):
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                    "print('on', flush=True); time.sleep(600)",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                process_group=group,
            )
            assert child.stdout is not None
            child.stdout.readline()
            mark("children", str(child.pid))
    server.run()
