"""Runs Claude Code inside a sandbox: `python claude_runner.py ORDER.json`.

One file that needs the standard library and claude-agent-sdk alone, and never MAS. What Claude Code
says and does is printed as JSON objects, one a line. Its session is kept in $HOME: started again
after its process has died, it goes on with that session, and one that had ended is not repeated.

Stopping: on TERM the turn is interrupted, Claude Code gets TERM, and what is left of its tree after
a moment gets KILL; nothing that it started lives on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import json
import os
import shutil
import signal
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "claude_agent_sdk"
SESSION_FILE = ".claude-session.json"
LONGEST_TEXT = 20_000
SHORT = 200
LARGEST_MESSAGE_BYTES = 100_000_000
INTERRUPT_SECONDS = 0.3
TERM_SECONDS = 1.0
CLOSE_SECONDS = 10.0
LOOK_SECONDS = 0.02
STOPPED = 143
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
KEPT = frozenset(
    """
    PATH HOME LANG LC_ALL TERM TZ TMPDIR USER SHELL IS_SANDBOX DISABLE_AUTOUPDATER SSL_CERT_FILE
    SSL_CERT_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
    """.split()
)
KEPT_PREFIXES = ("GIT_", "ANTHROPIC_", "CLAUDE_CODE_", "AGENT_")
"""What Claude Code and its commands see: the SDK gives them everything in `os.environ`."""

CONVENTIONS = (
    "Conventions of this repository may be written down in AGENTS.md or CLAUDE.md at its top: "
    "read them first where they exist."
)
GO_ON = (
    "Your process was ended before you were done. Look at the state of your folder (git status, "
    "git log) and go on where you stopped; do not repeat what is done. Commit before you end."
)
TELLING = (
    "command",
    "file_path",
    "notebook_path",
    "pattern",
    "path",
    "url",
    "query",
    "description",
)


class Session:
    """The session of this agent, on disk."""

    def __init__(self, home: Path) -> None:
        self._file = home / SESSION_FILE
        self._home = home
        try:
            kept = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            kept = {}
        kept = kept if isinstance(kept, dict) else {}
        self.id = str(kept.get("id") or "")
        self.ended: dict[str, Any] | None = kept.get("ended")

    def begin(self) -> bool:
        """Take the session up, or a new one; says whether there is something to go on with."""
        folders = self._home / ".claude" / "projects"
        if self.id and any(one.stat().st_size for one in folders.glob(f"*/{self.id}.jsonl")):
            return True
        self.id = str(uuid.uuid4())
        self._save()
        return False

    def end(self, said: dict[str, Any]) -> None:
        """Keep what was said at the end, so that a finished session is never repeated."""
        self.ended = said
        self._save()

    def _save(self) -> None:
        new = self._file.with_name(f"{self._file.name}.new")
        with new.open("w", encoding="utf-8") as stream:
            json.dump({"id": self.id, "ended": self.ended}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._file)


class Telling:
    """Says what messages of the SDK mean, and keeps how it ended."""

    def __init__(self) -> None:
        self.failure = ""
        self.result = ""
        self.over = False

    def take(self, message: Any) -> None:
        """Say one message. Known by name, as versions of the SDK add others."""
        kind = type(message).__name__
        if kind == "AssistantMessage":
            for block in message.content:
                self._say_block(block)
        elif kind == "UserMessage" and not isinstance(message.content, str):
            for block in message.content:
                self._result_of_tool(block)
        elif kind == "ResultMessage":
            self._end(message)

    def _say_block(self, block: Any) -> None:
        kind = type(block).__name__
        if kind == "TextBlock" and block.text.strip():
            say("say", text=block.text)
        elif kind in ("ToolUseBlock", "ServerToolUseBlock"):
            say("use", tool=block.name, text=telling(block.input))

    def _result_of_tool(self, block: Any) -> None:
        if type(block).__name__ != "ToolResultBlock" or not block.is_error:
            return
        say("result", text=short(text_of(block.content)))

    def _end(self, message: Any) -> None:
        self.over = True
        self.result = message.result or ""
        # An error of the API comes with the subtype "success": `is_error` alone tells.
        if message.is_error:
            self.failure = failure_of(message)
        usage = message.usage or {}
        counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        say(
            "usage",
            input_tokens=sum(int(usage.get(name) or 0) for name in counted),
            output_tokens=int(usage.get("output_tokens") or 0),
            cost_usd=float(message.total_cost_usd or 0.0),
        )
        for denial in message.permission_denials or []:
            if isinstance(denial, dict):
                tool = str(denial.get("tool_name", ""))
                say("denied", tool=tool, text=telling(denial.get("tool_input")))


def failure_of(message: Any) -> str:
    """The failure in a sentence."""
    status = getattr(message, "api_error_status", None)
    told = short(message.result or "; ".join(getattr(message, "errors", None) or ()), 500)
    if status:
        return f"The model's API answered {status}: {told}"
    return told or f"Claude Code ended with {message.subtype}."


def say(kind: str, **fields: Any) -> None:
    """Say one thing, at once."""
    cut = {
        name: value[:LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in fields.items()
    }
    print(json.dumps({"type": kind, **cut}), flush=True)


def short(text: str, limit: int = SHORT) -> str:
    """One line of a text."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]} …"


def telling(value: Any) -> str:
    """What of a tool's input tells people most."""
    if not isinstance(value, dict):
        return ""
    found = (value[name] for name in TELLING if isinstance(value.get(name), str))
    return short(next(found, "") or json.dumps(value))


def text_of(content: Any) -> str:
    """The text of a tool's result."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(one.get("text", "")) for one in parts if isinstance(one, dict))


def scrub() -> None:
    """Forget every variable that was not listed."""
    for name in list(os.environ):
        if name not in KEPT and not name.startswith(KEPT_PREFIXES):
            del os.environ[name]


def options_of(order: dict[str, Any], session: Session, *, resume: bool, log: deque[str]) -> Any:
    """The options of the SDK."""
    sdk = importlib.import_module(PACKAGE)
    servers: dict[str, Any] = {}
    if order.get("use_mcp_serve"):
        bundled = Path(str(sdk.__file__)).parent / "_bundled" / "claude"
        cli = str(bundled) if bundled.is_file() else shutil.which("claude") or "claude"
        servers["claude"] = {"type": "stdio", "command": cli, "args": ["mcp", "serve"]}
    return sdk.ClaudeAgentOptions(
        cwd=order["workdir"],
        model=order.get("model"),
        tools=order.get("tools"),
        max_turns=order.get("max_turns"),
        permission_mode=order.get("permission_mode"),
        system_prompt={"type": "preset", "preset": "claude_code", "append": CONVENTIONS},
        # Settings of the repository are data: they may name hooks, servers and other endpoints.
        setting_sources=[],
        strict_mcp_config=True,
        mcp_servers=servers,
        session_id=None if resume else session.id,
        resume=session.id if resume else None,
        verbatim_prompts=True,
        max_buffer_size=LARGEST_MESSAGE_BYTES,
        stderr=log.append,
    )


async def work(order: dict[str, Any], session: Session) -> int:
    """Have the task done; returns the exit code."""
    sdk = importlib.import_module(PACKAGE)
    resume = session.begin()
    say("session", id=session.id, resumed=resume)
    prompt = GO_ON if resume else order["text"]
    log: deque[str] = deque(maxlen=20)
    client = sdk.ClaudeSDKClient(options_of(order, session, resume=resume, log=log))
    telling = Telling()
    try:
        await client.connect()
        await client.query(prompt)
        async for message in client.receive_response():
            telling.take(message)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.interrupt(), INTERRUPT_SECONDS)
        raise
    except sdk.ClaudeSDKError as exc:
        # After an error of the API one of these follows that tells less than the result.
        if not telling.over:
            telling.failure = short(f"Claude Code failed: {exc} {' '.join(log)}", 1000)
    if not telling.over and not telling.failure:
        told = short(" ".join(log), 500)
        telling.failure = f"Claude Code ended without a result. {told}".strip()
    said = {"text": telling.result, "failure": telling.failure}
    if not telling.failure:
        session.end(said)
    if telling.failure:
        say("error", text=telling.failure)
    say("end", **said)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.disconnect(), CLOSE_SECONDS)
    return 1 if telling.failure else 0


async def until_stopped(order: dict[str, Any], session: Session) -> int:
    """Work, or be stopped by a signal."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work(order, session))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return STOPPED


def end_tree() -> None:
    """End every process below this one: TERM, a moment to obey, then KILL."""
    tell(signal.SIGTERM)
    until = time.monotonic() + TERM_SECONDS
    while alive() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    while alive() and time.monotonic() < until + TERM_SECONDS:
        tell(signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


def tell(number: signal.Signals) -> None:
    """Send a signal to every process below this one."""
    for process in list(below()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def alive() -> bool:
    """Whether a process is left below this one; those that have ended are taken away."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return any(True for _ in below())


def below() -> Iterator[int]:
    """Every process that comes from this one and has not ended."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            text = stat.read_text("utf-8", "replace")
            state, parent = text.rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(stat.parent.name))
    found = deque(children.get(os.getpid(), ()))
    while found:
        process = found.popleft()
        yield process
        found.extend(children.get(process, ()))


def adopt() -> None:
    """Become the parent of processes whose own have ended, so that none is lost sight of."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def main(words: list[str]) -> int:
    """Carry out the order; returns the exit code."""
    order = json.loads(Path(words[0]).read_bytes())
    order["text"] = Path(order["instructions"]).read_bytes().decode("utf-8", "replace")
    session = Session(Path(os.environ["HOME"]))
    if session.ended is not None:
        # Its process had come to its end, and whoever started it did not hear of it.
        say("end", **session.ended)
        return 0
    scrub()
    adopt()
    try:
        importlib.import_module(PACKAGE)
    except ImportError as exc:
        say("error", text=f"This Python has no claude-agent-sdk ({exc}).")
        return 1
    code = 1
    try:
        code = asyncio.run(until_stopped(order, session))
    except Exception as exc:  # noqa: BLE001 - the top of this program; a person reads it
        say("error", text=f"{type(exc).__name__}: {exc}")
    finally:
        end_tree()
        # Nothing of the SDK is to wait for anything any more.
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
