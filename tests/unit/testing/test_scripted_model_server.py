"""The scripted model server, asked by hand. It stands in for the models of A5."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mas.core.errors import UserError
from mas.testing.models import (
    Call,
    Fault,
    ModelRequest,
    Reply,
    Script,
    ScriptedModelServer,
    When,
    load_script,
)
from support.ports import free_port

Json = dict[str, Any]
LIMIT_SECONDS = 60
SOON = timedelta(seconds=5)


def _anthropic(text: str, **more: Any) -> Json:
    return {
        "model": "claude-test",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def _openai(text: str, **more: Any) -> Json:
    return {"model": "gpt-test", "messages": [{"role": "user", "content": text}], **more}


@contextmanager
def _connected(url: str) -> Iterator[http.client.HTTPConnection]:
    place = urlsplit(url)
    with closing(
        http.client.HTTPConnection(place.hostname or "", place.port, timeout=LIMIT_SECONDS)
    ) as connection:
        yield connection


def _post(url: str, path: str, body: Json | bytes, **headers: str) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with _connected(url) as connection:
        connection.request("POST", path, data, {"content-type": "application/json", **headers})
        answered = connection.getresponse()
        return answered.status, json.loads(answered.read())


def _said(url: str, text: str, **more: Any) -> str:
    status, body = _post(url, "/v1/messages", _anthropic(text, **more))
    assert status == 200, body
    return str(body["content"][0]["text"])


def test_a5_steps_are_answered_in_order_in_both_protocols() -> None:
    with ScriptedModelServer([Reply(text="one"), Reply(text="two")]) as server:
        assert server.left == 2
        assert _said(server.url, "first") == "one"
        status, body = _post(server.url, "/v1/chat/completions", _openai("second"))
        assert (status, body["choices"][0]["message"]["content"]) == (200, "two")
        assert server.left == 0
        assert [one.last.text for one in server.asked] == ["first", "second"]
        assert server.problems == ()


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/messages", "/v1/v1/messages", "/v1/messages?beta=true"]
)
def test_a5_a_base_url_may_end_with_v1_or_not(path: str) -> None:
    with ScriptedModelServer([Reply(text="here")]) as server:
        assert _post(server.url, path, _anthropic("hello"))[0] == 200


@pytest.mark.parametrize("path", ["/chat/completions", "/openai/v1/chat/completions"])
def test_a5_compatible_endpoints_with_other_prefixes_are_served(path: str) -> None:
    with ScriptedModelServer([Reply(text="here")]) as server:
        assert _post(server.url, path, _openai("hello"))[0] == 200


def test_a5_a_script_that_has_ended_fails_loudly_and_is_a_problem() -> None:
    with ScriptedModelServer([]) as server:
        status, body = _post(server.url, "/v1/messages", _anthropic("anyone there?"))
        assert status == 500
        assert "script has ended" in body["error"]["message"]
        assert len(server.problems) == 1
        assert "anyone there?" in server.problems[0]


def test_a5_rules_come_before_steps_and_give_way_when_they_are_used_up() -> None:
    script = Script(
        rules=(
            When(contains="weather", steps=(Reply(text="sunny"),)),
            When(role="planner", steps=(Reply(text="plan"), Reply(text="again")), repeat=True),
            When(model="gpt-*", steps=(Reply(text="other model"),)),
        ),
        steps=(Reply(text="step"),),
        default=Reply(text="default"),
    )
    with ScriptedModelServer(script) as server:
        planner = {"system": "You are the Planner of a run."}
        assert _said(server.url, "the weather?") == "sunny"
        assert _said(server.url, "the weather?") == "step"
        assert _said(server.url, "the weather?") == "default"
        assert [_said(server.url, "go", **planner) for _ in range(3)] == ["plan", "again", "again"]
        assert _said(server.url, "go", system="You are no plannerist.") == "default"
        body = _post(server.url, "/v1/chat/completions", _openai("hi"))[1]
        assert body["choices"][0]["message"]["content"] == "other model"


def test_a5_a_rule_can_wait_for_the_result_of_a_tool() -> None:
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    script = [
        When(after_tool=True, contains="42 pods", steps=(Reply(text="counted"),)),
        When(tool="look", steps=(Reply(calls=(Call(name="look"),)),)),
    ]
    with ScriptedModelServer(script) as server:
        first = _post(server.url, "/v1/messages", _anthropic("count", tools=tools))[1]
        assert first["stop_reason"] == "tool_use"
        call = first["content"][0]
        turns = [
            {"role": "user", "content": "count"},
            {"role": "assistant", "content": [call]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": call["id"],
                        "content": [{"type": "text", "text": "42 pods"}],
                    }
                ],
            },
        ]
        assert _said(server.url, "", messages=turns, tools=tools) == "counted"
        assert [one.role for one in server.asked[1].messages] == ["user", "assistant", "tool"]
        assert server.asked[1].messages[1].calls == ("look",)


def test_a5_instructions_among_the_turns_are_part_of_the_system_prompt() -> None:
    asked = _anthropic("Hello", system="Be brief.")
    asked["messages"].append({"role": "system", "content": "Be kind."})
    rule = When(last="Hello", contains="Be kind.", steps=(Reply(text="Hi"),))
    with ScriptedModelServer([rule]) as server:
        status, body = _post(server.url, "/v1/messages?beta=true", asked)
    assert (status, body["content"][0]["text"]) == (200, "Hi")
    assert server.asked[0].system == "Be brief.\nBe kind."
    assert [one.role for one in server.asked[0].messages] == ["user"]


def test_a5_a_function_is_the_model() -> None:
    def echo(request: ModelRequest) -> Reply | Fault:
        if "fail" in request.last.text:
            raise LookupError("no idea")
        return Reply(text=request.last.text.upper())

    with ScriptedModelServer(echo) as server:
        assert _said(server.url, "hello") == "HELLO"
        assert _post(server.url, "/v1/messages", _anthropic("fail"))[0] == 500
        assert "no idea" in server.problems[0]


def test_a5_keys_are_never_recorded_but_that_they_were_there_is() -> None:
    with ScriptedModelServer([], key="right-key") as server:
        wrong = _post(server.url, "/v1/messages", _anthropic("hi"), **{"x-api-key": "wrong-key"})
        assert wrong[0] == 401
        assert wrong[1]["error"]["type"] == "authentication_error"
        bearer = {"authorization": "Bearer right-key"}
        assert _post(server.url, "/v1/chat/completions", _openai("hi"), **bearer)[0] == 500
        first, second = server.requests
        assert first.headers["x-api-key"] == second.headers["authorization"] == "***"
        assert first.has_key
        assert "right-key" not in repr(server.requests)
        assert "wrong-key" not in repr(server.requests)


def test_a5_a_model_that_is_not_there_is_404() -> None:
    with ScriptedModelServer([Reply(text="yes")], models=("claude-test",)) as server:
        status, body = _post(server.url, "/v1/chat/completions", _openai("hi"))
        assert (status, body["error"]["code"]) == (404, "model_not_found")
        assert _said(server.url, "hi") == "yes"
        assert server.problems == ()


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/messages", b"{", "JSON object"),
        ("/v1/messages", {"model": "m", "max_tokens": 1, "messages": []}, "at least one message"),
        ("/v1/messages", {"model": "m", "messages": [{"role": "user"}]}, "max_tokens"),
        ("/v1/chat/completions", {"messages": [{"role": "user"}]}, "model: a string"),
        ("/v1/chat/completions", {"model": "m", "messages": [{}]}, "messages.0.role"),
    ],
)
def test_a5_a_request_that_is_none_is_400_and_a_problem(
    path: str, body: Json | bytes, told: str
) -> None:
    with ScriptedModelServer([Reply(text="never")]) as server:
        status, answer = _post(server.url, path, body)
        assert status == 400
        assert told in answer["error"]["message"]
        assert len(server.problems) == 1
        assert server.left == 1


def test_a5_an_unknown_path_is_404_and_a_problem() -> None:
    with ScriptedModelServer([]) as server:
        assert _post(server.url, "/v1/responses", _openai("hi"))[0] == 404
        assert server.problems == ("POST /v1/responses is not served here",)


def test_r8_tokens_are_counted_from_what_was_really_said() -> None:
    with ScriptedModelServer([Reply(text="x" * 400)] * 2) as server:
        small = _post(server.url, "/v1/messages", _anthropic("x" * 40))[1]["usage"]
        big = _post(server.url, "/v1/messages", _anthropic("x" * 4000))[1]["usage"]
        assert (small["input_tokens"], big["input_tokens"]) == (10, 1000)
        assert small["output_tokens"] == 100
        counted = _post(server.url, "/v1/messages/count_tokens", _anthropic("x" * 4000))[1]
        assert counted == {"input_tokens": 1000}


def test_a5_a_request_body_in_chunks_is_read() -> None:
    with ScriptedModelServer([Reply(text="whole")]) as server, _connected(server.url) as client:
        data = json.dumps(_anthropic("in chunks")).encode()
        parts = iter([data[:20], data[20:]])
        client.request("POST", "/v1/messages", parts, encode_chunked=True)
        assert client.getresponse().read()
        assert server.asked[0].last.text == "in chunks"


def test_a5_one_connection_serves_many_requests() -> None:
    with ScriptedModelServer([Reply(text="a"), Reply(text="b")]) as server:
        with _connected(server.url) as client:
            for _ in range(2):
                client.request("POST", "/v1/messages", json.dumps(_anthropic("hi")))
                assert client.getresponse().read()
        assert server.left == 0
        assert server.hang_ups == 0


def test_a5_a_hanging_answer_ends_when_the_server_closes() -> None:
    ended = threading.Event()
    with ScriptedModelServer([Fault(kind="hang")]) as server:

        def ask() -> None:
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                _post(server.url, "/v1/messages", _anthropic("hello?"))
            ended.set()

        asking = threading.Thread(target=ask)
        asking.start()
        server.wait_for(1)
    asking.join(LIMIT_SECONDS)
    assert ended.is_set()
    assert server.hang_ups == 0
    assert not [one for one in threading.enumerate() if one.name == "scripted-model"]


def test_r6_a_client_that_hangs_up_is_noticed() -> None:
    with ScriptedModelServer([Fault(kind="hang"), Reply(text="late", delay=SOON)]) as server:
        for count in (1, 2):
            with _connected(server.url) as client:
                client.request("POST", "/v1/messages", json.dumps(_anthropic("hello?")))
                server.wait_for(count)
            server.wait_for_hang_ups(count)


def test_a5_a_slow_model_is_silent_first() -> None:
    late = Reply(text="late", delay=SOON)
    with ScriptedModelServer([late]) as server, _connected(server.url) as client:
        client.timeout = 0.5
        client.request("POST", "/v1/messages", json.dumps(_anthropic("hello?")))
        with pytest.raises(TimeoutError):
            client.getresponse()


async def test_a5_an_event_loop_can_wait_for_requests() -> None:
    async with ScriptedModelServer([Reply(text="hi")]) as server:
        asking = threading.Thread(target=_said, args=(server.url, "hi"))
        asking.start()
        requests = await server.wait_for_async(1)
        asking.join(LIMIT_SECONDS)
        assert requests[0].path == "/v1/messages"
        with pytest.raises(TimeoutError, match="Request 2 did not happen within"):
            await server.wait_for_async(2, timedelta(milliseconds=10))
    with pytest.raises(TimeoutError, match="there were 1 requests"):
        server.wait_for(2, timedelta(milliseconds=10))


def test_a5_many_clients_ask_at_the_same_time() -> None:
    with ScriptedModelServer([Reply(text="yes")] * 40) as server:
        asking = [threading.Thread(target=_said, args=(server.url, "hi")) for _ in range(40)]
        for one in asking:
            one.start()
        for one in asking:
            one.join(LIMIT_SECONDS)
        assert (server.left, server.problems) == (0, ())
        assert [one.number for one in server.requests] == list(range(1, 41))


def test_a5_a_provider_that_was_away_comes_back_at_the_same_address() -> None:
    port = free_port()
    with ScriptedModelServer([Reply(text="before")], port=port) as server:
        assert _said(server.url, "hi") == "before"
    with pytest.raises(ConnectionRefusedError):
        _said(server.url, "hi")
    with ScriptedModelServer([Reply(text="after")], port=port) as again:
        assert again.url == server.url
        assert _said(again.url, "hi") == "after"


SCRIPT = {
    "models": ["claude-test"],
    "key": "test-key",
    "rules": [
        {
            "role": "planner",
            "steps": [{"reply": {"text": "a plan", "usage": {"input": 7, "output": 3}}}],
            "repeat": True,
        }
    ],
    "steps": ["Hello", {"fault": {"kind": "status", "status": 429, "retry_after_seconds": 1.5}}],
    "default": {"reply": {"text": "no more", "delay_seconds": 0.25}},
}


def test_a5_a_script_file_says_all_that_a_script_can(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(SCRIPT))
    loaded = load_script(path)
    assert loaded.models == ("claude-test",)
    assert loaded.key == "test-key"
    assert loaded.script.rules[0].role == "planner"
    assert loaded.script.rules[0].repeat
    assert loaded.script.steps == (
        Reply(text="Hello"),
        Fault(kind="status", status=429, retry_after=timedelta(seconds=1.5)),
    )
    assert loaded.script.default == Reply(text="no more", delay=timedelta(seconds=0.25))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"stepps": []}', "stepps"),
        ('{"steps": [{"reply": {"txt": "a"}}]}', "$.steps[0].reply"),
        ('{"steps": [{}]}', "either a reply or a fault"),
        ('{"steps": [{"fault": {"kind": "explode"}}]}', "$.steps[0].fault.kind"),
        ("no json", "malformed"),
    ],
)
def test_a5_a_wrong_script_file_is_refused_with_the_place(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        load_script(path)
    assert told in str(raised.value)


def test_a5_a_missing_script_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_script(tmp_path / "nowhere.json")


@contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mas.testing.models", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_a5_a_process_serves_a_script_file_and_records_what_it_was_asked(tmp_path: Path) -> None:
    script, record = tmp_path / "script.json", tmp_path / "record.jsonl"
    script.write_text(json.dumps(SCRIPT))
    with _process(str(script), "--record", str(record)) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        status, body = _post(url, "/v1/messages", _anthropic("hi"), **{"x-api-key": "test-key"})
        assert (status, body["content"][0]["text"]) == (200, "Hello")
        running.send_signal(signal.SIGTERM)
        assert running.communicate(timeout=LIMIT_SECONDS) == ("", "")
        assert running.returncode == 0
    (line,) = record.read_text("utf-8").splitlines()
    recorded = json.loads(line)
    assert recorded["body"] == _anthropic("hi")
    assert recorded["has_key"] is True
    assert "test-key" not in line


def test_a5_a_process_tells_what_went_wrong_when_it_ends(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("{}")
    with _process(str(script)) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert _post(url, "/v1/messages", _anthropic("hi"))[0] == 500
        running.send_signal(signal.SIGTERM)
        assert "script has ended" in running.communicate(timeout=LIMIT_SECONDS)[1]
        assert running.returncode == 1


def test_a5_a_process_refuses_a_wrong_script(tmp_path: Path) -> None:
    with _process(str(tmp_path / "nowhere.json")) as running:
        out, told = running.communicate(timeout=LIMIT_SECONDS)
        assert (running.returncode, out) == (2, "")
        assert "cannot be read" in told


def test_a5_the_server_is_found_where_the_other_doubles_are() -> None:
    import mas.testing

    assert mas.testing.ScriptedModelServer is ScriptedModelServer
