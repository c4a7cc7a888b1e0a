"""A coding agent that follows a script: `python3 script_coder.py SCRIPT AGENT WORKDIR`.

One file without any import beyond the standard library, for Python 3.9 and later, so that it runs
inside every sandbox. docs/coders.md describes scripts; `mas.adapters.coders.script` checks them.
What it does is said as JSON objects, one a line. Its progress is kept in $HOME: started again
after its process has died, it goes on behind the last step that it finished.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROMPT_FILE = "prompt.txt"
PROGRESS_FILE = ".script_coder.json"
SHOWN = 2000
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.02
PIECE = 1 << 20
PLACE = re.compile(r"\{(agent|prompt|branch)\}")


class StepFailed(Exception):
    """A step could not be done; the text says why."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Progress:
    """How far the script is done, on disk."""

    def __init__(self, file: Path, script: bytes) -> None:
        self._file = file
        self._script = hashlib.sha256(script).hexdigest()
        kept = self._read()
        done, size = kept.get("done"), kept.get("size")
        self.done: int = done if isinstance(done, int) and done >= 0 else 0
        self.size: int | None = size if isinstance(size, int) and size >= 0 else None
        """Bytes of the file that the first step not done appends to, before it did."""

    def save(self, done: int, size: int | None = None) -> None:
        self.done, self.size = done, size
        new = self._file.with_name(f"{self._file.name}.new")
        kept = {"script": self._script, "done": done, "size": size}
        with new.open("w", encoding="utf-8") as stream:
            json.dump(kept, stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._file)

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        # Another script in the same home starts at its beginning.
        same = isinstance(kept, dict) and kept.get("script") == self._script
        return kept if same else {}


class ScriptCoder:
    """Does the steps of one agent."""

    def __init__(self, workdir: Path, values: dict[str, str], progress: Progress) -> None:
        self._workdir = workdir
        self._values = values
        self._progress = progress
        self._place = 0

    def run(self, steps: list[dict[str, Any]]) -> int:
        """Do what is not done yet; returns the exit code."""
        if self._progress.done:
            say("say", text=f"Going on behind step {self._progress.done} of {len(steps)}.")
        for place in range(self._progress.done, len(steps)):
            self._place = place
            step = steps[place]
            try:
                self._do(step)
            except (StepFailed, OSError, ValueError) as exc:
                text = f"Step {place + 1} failed: {exc}"
                if not step.get("may_fail"):
                    say("error", text=text)
                    return exc.code if isinstance(exc, StepFailed) else 1
                say("result", text=text)
            self._progress.save(place + 1)
        say("end", text="")
        return 0

    def _do(self, step: dict[str, Any]) -> None:
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "write": self._write,
            "append": self._append,
            "delete": self._delete,
            "run": self._run,
            "git": self._git,
            "commit": self._commit,
            "say": lambda step: say("say", text=self._fill(step["say"])),
            "use": lambda step: say(
                "use", tool=self._fill(step["use"]), text=self._fill(step.get("text", ""))
            ),
            "sleep": lambda step: time.sleep(step["sleep"]),
            "wait_for": self._wait_for,
            "fail": self._fail,
            "kill": self._kill,
            "leave": self._leave,
        }
        kind = next((one for one in kinds if one in step), None)
        if kind is None:
            raise StepFailed(f"it has no kind that is known: {sorted(step)}", 2)
        kinds[kind](step)

    def _write(self, step: dict[str, Any]) -> None:
        path = self._path(step["write"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            if "size" in step:
                left = step["size"]
                while left > 0:
                    left -= stream.write(
                        b"0123456789abcde\n"[:left] * max(1, min(left, PIECE) // 16)
                    )
            else:
                stream.write(self._content(step))
        if step.get("executable"):
            path.chmod(0o755)
        say("use", tool="write", text=str(step["write"]))

    def _append(self, step: dict[str, Any]) -> None:
        path = self._path(step["append"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            if self._progress.size is None:
                # Kept first: a process that died while appending must not do so twice.
                self._progress.save(self._place, os.fstat(stream.fileno()).st_size)
            else:
                stream.truncate(min(self._progress.size, os.fstat(stream.fileno()).st_size))
            stream.write(self._content(step))
        say("use", tool="append", text=str(step["append"]))

    def _delete(self, step: dict[str, Any]) -> None:
        path = self._path(step["delete"])
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        say("use", tool="delete", text=str(step["delete"]))

    def _run(self, step: dict[str, Any]) -> None:
        self._command([self._fill(word) for word in step["run"]], step)

    def _git(self, step: dict[str, Any]) -> None:
        self._command(["git", *(self._fill(word) for word in step["git"])], step)

    def _commit(self, step: dict[str, Any]) -> None:
        paths = [self._fill(path) for path in step.get("paths", ())]
        self._quietly("git", "add", *(["--", *paths] if paths else ["-A"]))
        nothing = self._outcome(["git", "diff", "--cached", "--quiet"])
        if nothing.returncode == 0:
            say("result", text="There is nothing to commit.")
            return
        message = self._fill(step["commit"])
        say("use", tool="commit", text=message)
        self._quietly("git", "commit", "--quiet", "-m", message)

    def _wait_for(self, step: dict[str, Any]) -> None:
        path = self._path(step["wait_for"])
        limit = float(step.get("seconds", WAIT_SECONDS))
        until = time.monotonic() + limit
        while not path.exists():
            if time.monotonic() >= until:
                raise StepFailed(f"{step['wait_for']} did not come within {limit:g} s")
            time.sleep(LOOK_SECONDS)

    def _fail(self, step: dict[str, Any]) -> None:
        raise StepFailed(self._fill(step["fail"]), step.get("exit", 1))

    def _kill(self, step: dict[str, Any]) -> None:
        number = signal.Signals[f"SIG{step['kill']}"]
        # Done before it is, or a restarted agent would never come past it.
        self._progress.save(self._place + 1)
        say("use", tool="kill", text=number.name)
        os.kill(os.getpid(), number)

    def _leave(self, step: dict[str, Any]) -> None:
        argv = [self._fill(word) for word in step["leave"]]
        say("use", tool="leave", text=" ".join(argv))
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        # In a session of its own and without a parent, as a daemon is; it holds the output too.
        os.setsid()
        if os.fork():
            os._exit(0)
        try:
            os.chdir(self._workdir)
            os.execvp(argv[0], argv)  # noqa: S606 - a program with its arguments, no shell
        finally:
            os._exit(127)

    def _command(self, argv: list[str], step: dict[str, Any]) -> None:
        say("use", tool=argv[0], text=" ".join(argv[1:]))
        done = self._outcome(argv)
        text = done.stdout.decode("utf-8", "replace")
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        say("result", text=f"exit {code}\n{text[-SHOWN:]}".rstrip())
        expected = step.get("exit", 0)
        if code != expected and not step.get("any_exit"):
            raise StepFailed(f"{argv[0]} ended with {code} instead of {expected}")

    def _outcome(self, argv: list[str] | tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - what the script says is what is wanted
            argv,
            cwd=self._workdir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def _quietly(self, *argv: str) -> None:
        done = self._outcome(argv)
        if done.returncode:
            text = done.stdout.decode("utf-8", "replace")[-SHOWN:].strip()
            raise StepFailed(f"{' '.join(argv[:2])} ended with {done.returncode}: {text}")

    def _content(self, step: dict[str, Any]) -> bytes:
        if "base64" in step:
            return base64.b64decode(step["base64"])
        return self._fill(step["text"]).encode("utf-8", "surrogateescape")

    def _path(self, text: str) -> Path:
        return self._workdir / self._fill(text)

    def _fill(self, text: str) -> str:
        """Put in the values, in one pass."""
        return PLACE.sub(lambda found: self._values[found[1]], text)


def say(kind: str, **fields: str) -> None:
    """Say one thing, at once."""
    print(json.dumps({"type": kind, **fields}), flush=True)


def main(words: list[str]) -> int:
    """Follow the script; returns the exit code."""
    if len(words) != 3:
        print("usage: script_coder.py SCRIPT AGENT WORKDIR", file=sys.stderr)
        return 2
    script_file, agent, workdir = Path(words[0]), words[1], Path(words[2])
    data = script_file.read_bytes()
    script = json.loads(data)
    prompt_file = script_file.with_name(PROMPT_FILE)
    prompt = prompt_file.read_bytes() if prompt_file.is_file() else b""
    values = {
        "agent": agent,
        "prompt": prompt.decode("utf-8", "surrogateescape"),
        "branch": os.environ.get("AGENT_BRANCH") or f"agent-{agent}",
    }
    home = Path(os.environ.get("HOME") or workdir.parent)
    steps = script.get("agents", {}).get(agent)
    if steps is None:
        steps = script.get("steps", [])
    return ScriptCoder(workdir, values, Progress(home / PROGRESS_FILE, data)).run(steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
