"""What the model gateway keeps of calls, and playing it again (A8)."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("uvicorn", reason='needs the extra "models"')

import httpx2

from mas.adapters.models.gateway import replay
from mas.adapters.models.gateway.keeping import read_exchanges
from mas.core.coding import Wire
from mas.core.errors import UserError
from mas.testing.models import Call, Fault, Reply, ScriptedModelServer, Tokens, load_script
from support.gateway_world import KEY, PATHS, Agent, agent_at, question

SECRET = "a-secret-of-the-repository-77"
BOTH: tuple[Wire, ...] = ("anthropic", "openai")
TOKENS = Tokens(input=11, output=7, cache_read=100, cache_write=20)


@pytest.mark.parametrize("wire", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a8_no_key_token_or_secret_is_in_what_is_kept_or_logged(
    tmp_path: Path, wire: Wire, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = tmp_path / "kept"
    said: list[str] = []

    def repeat(request: object) -> Reply:
        return Reply(text=" and ".join(said), usage=TOKENS)

    def mask(text: str) -> str:
        return text.replace(SECRET, "***")

    async with (
        ScriptedModelServer(repeat) as server,
        agent_at(server.url, kept, wire, mask=mask) as agent,
    ):
        said[:] = [KEY, agent.admission.token, SECRET]
        text = f"{KEY} {agent.admission.token} {SECRET}"
        answer = await agent.post(PATHS[wire], question(wire, stream=stream, text=text))
        assert answer.status_code == 200
        done = await agent.books.until_settled(1)
        (file,) = agent.files()
        assert done.recorded_as == file.name
    written = file.read_text() + caplog.text + repr(agent.admission)
    for secret in (KEY, agent.admission.token, SECRET, SECRET[5:], KEY[8:]):
        assert secret not in written
    (one,) = read_exchanges(kept)
    assert (one.status, one.complete, one.streams) == (200, True, stream)
    assert one.exchange == done
    assert one.answer_bytes == len(answer.content)
    assert isinstance(one.request, dict)
    assert one.request["messages"] == [{"role": "user", "content": "*** *** ***"}]
    assert file.stat().st_mode & 0o077 == 0


async def test_a8_a_folder_that_cannot_be_written_fails_no_call(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    async with (
        ScriptedModelServer([Reply(text="Hello.", usage=TOKENS)]) as server,
        agent_at(server.url, kept) as agent,
    ):
        kept.rmdir()
        answer = await agent.post("/v1/messages", question())
        done = await agent.books.until_settled(1)
    assert answer.status_code == 200
    assert (done.input_tokens, done.recorded_as) == (131, "")


async def test_a8_a_folder_that_cannot_be_made_is_told_at_admission(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as refused:
        async with agent_at("http://127.0.0.1:9", tmp_path / "file" / "kept"):
            pytest.fail("admitted")
    assert refused.value.code == "exchanges_unwritable"


async def ask_all(agent: Agent, wire: Wire, count: int, *, stream: bool) -> list[object]:
    """What the model answers, without what differs from server to server."""
    answers: list[object] = []
    for _ in range(count):
        try:
            answer = await agent.post(PATHS[wire], question(wire, stream=stream))
            answers.append((answer.status_code, answer.headers.get("retry-after"), answer.content))
        except httpx2.RemoteProtocolError:
            answers.append("broken")
    return answers


@pytest.mark.parametrize("wire", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a8_kept_calls_play_again_without_the_model(
    tmp_path: Path, wire: Wire, stream: bool
) -> None:
    calls = (
        Call(name="read", arguments={"path": "ä/b", "lines": [1, 2]}),
        Call(name="list", arguments={}),
    )
    script = [
        Reply(text="Looking. 봅니다.", calls=calls, usage=TOKENS),
        Fault(kind="status", status=429, message="Slower.", retry_after=None),
        Reply(text="x" * 500, usage=TOKENS, stop="length"),
        Reply(text="Done.", usage=TOKENS),
    ]
    async with (
        ScriptedModelServer(script) as server,
        agent_at(server.url, tmp_path / "first", wire) as agent,
    ):
        before = await ask_all(agent, wire, 4, stream=stream)
    file = tmp_path / "script.json"
    file.write_bytes(msgspec.json.encode(replay.read_script(tmp_path / "first")))
    loaded = load_script(file)
    async with (
        ScriptedModelServer(loaded.script) as server,
        agent_at(server.url, tmp_path / "second", wire) as agent,
    ):
        after = await ask_all(agent, wire, 4, stream=stream)
        assert server.problems == ()
    assert after == before
    assert [one.status for one in agent.books.settled] == [200, 429, 200, 200]


async def test_a8_a_broken_answer_plays_again_as_a_broken_one(tmp_path: Path) -> None:
    broken = Fault(kind="cut", reply=Reply(text="word " * 2000, usage=TOKENS), after_chars=5000)
    async with (
        ScriptedModelServer([broken]) as server,
        agent_at(server.url, tmp_path / "first") as agent,
    ):
        assert await ask_all(agent, "anthropic", 1, stream=True) == ["broken"]
        (first,) = agent.books.settled
    file = tmp_path / "script.json"
    file.write_bytes(msgspec.json.encode(replay.read_script(tmp_path / "first")))
    async with (
        ScriptedModelServer(load_script(file).script) as server,
        agent_at(server.url, tmp_path / "second") as agent,
    ):
        assert await ask_all(agent, "anthropic", 1, stream=True) == ["broken"]
        (second,) = agent.books.settled
    assert second.output_tokens == pytest.approx(first.output_tokens, rel=0.1)


def test_a8_a_folder_without_exchanges_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay.main([str(tmp_path / "none")]) == 2
    assert replay.main([]) == 2
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "00001.json").write_text("{}")
    assert replay.main([str(tmp_path)]) == 2
    (tmp_path / "00001.json").unlink()
    assert replay.main([str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"steps": []}
