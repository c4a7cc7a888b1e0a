"""`mas mcp serve mas` as a process: what it writes where, and how it ends (U4, R5, Q1)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mas.app.settings import load_settings
from mas.cli import mcp as command
from mas.core.errors import UserError
from mas.testing.models import Reply, ScriptedModelServer
from support.command import CLUSTERS, LIMIT_SECONDS, Mas
from support.scripted_home import KEY, mas_with_model

pytestmark = pytest.mark.slow

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


class Wire:
    """A process of the door, spoken to line by line."""

    def __init__(self, mas: Mas) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mas", "mcp", "serve", "mas"],
            env=mas.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._id = 0
        assert self.ask(HELLO)["result"]["serverInfo"]["name"] == "mas"
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request; every line that comes has to be the protocol's."""
        self.send(message)
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == message["id"]:
                return answer
        raise AssertionError(self.process.communicate(timeout=LIMIT_SECONDS)[1])

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        self._id += 1
        params = {"name": tool, "arguments": arguments}
        answer = self.ask(
            {"jsonrpc": "2.0", "id": self._id, "method": "tools/call", "params": params}
        )
        told: dict[str, Any] = answer["result"]["structuredContent"]
        return told

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; its code, what was left on standard output, and standard error."""
        out, err = self.process.communicate(timeout=LIMIT_SECONDS)
        return self.process.returncode, out, err


def test_u4_the_end_of_input_ends_the_process_and_only_the_protocol_was_written(mas: Mas) -> None:
    wire = Wire(mas)
    told = wire.call(
        "decide", question="Should we adopt Tekton?", cluster=str(CLUSTERS / "homelab.json")
    )
    assert told["verdict"] == "do_not_recommend"
    wire.send({"jsonrpc": "2.0", "id": "late", "method": "tools/list"})
    assert wire.process.stdin is not None
    wire.process.stdin.write("this is no message\n")
    wire.process.stdin.flush()
    code, out, err = wire.end()

    assert code == 0
    assert "Traceback" not in err
    assert [json.loads(line)["jsonrpc"] for line in out.splitlines()]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.e2e)]
)
def test_r5_a_signal_gives_the_tasks_back_and_leaves_no_process(
    tmp_path: Path, number: int
) -> None:
    with ScriptedModelServer(lambda _: Reply(kind="hang"), key=KEY) as model:
        mas = mas_with_model(tmp_path / "home", model, "anthropic")
        wire = Wire(mas)
        asked = wire.call("ask", text="Write note.txt", role="coder", wait_seconds=0.2)
        assert asked["ended"] is False
        while not model.asked:
            wire.call("run_events", run_id=asked["run_id"])
        wire.process.send_signal(number)
        code, _, err = wire.end()
        shown = mas("runs", "show", asked["run_id"], "--json").json

    assert code == 130
    assert err.strip() == "mas: Interrupted."
    with pytest.raises(ProcessLookupError):
        os.killpg(wire.process.pid, 0)
    assert shown["status"] == "running", "whoever goes on with it finds it"
    assert shown["tasks"][0]["status"] == "ready"


def test_q1_an_unknown_server_is_refused_in_one_sentence(mas: Mas) -> None:
    assert "There is: mas" in mas("mcp", "serve", "aws").refused(2)


async def test_q1_without_the_libraries_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mas.mcp_servers.mas.stdio", None)
    settings = load_settings({"MAS_HOME": str(tmp_path)})
    with pytest.raises(UserError, match=r"pip install 'mas\[mcp,api\]'"):
        await command.serve(settings, "mas", over_http=False, host="127.0.0.1", port=0, worker=True)


@pytest.mark.e2e
def test_u4_the_door_alone_is_served_over_http(mas: Mas) -> None:
    process = mas.start("mcp", "serve", "mas", "--http", "--port", "0")
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("mas: Listening on http://127.0.0.1:")
        assert line.endswith("/mcp.\n")
    finally:
        process.terminate()
        _, err = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130
    assert err.strip() == "mas: Interrupted."
