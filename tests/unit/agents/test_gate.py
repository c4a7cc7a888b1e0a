"""The gate: role, policy, approval, ledger before every call; failed outputs for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from agent_worlds import (
    awaiting,
    engine_of,
    gate_of,
    role_with,
    run_of,
    spec,
    submitted,
)

from mas.agents.gate import was_made
from mas.core.calls import Assessment, ToolOutput
from mas.core.errors import Transient
from mas.core.masking import Masker
from mas.core.models import ToolCall
from mas.core.policy import Policy, PolicyRule
from mas.core.ports import Work
from mas.core.run import Run, RunStatus, TaskOutcome
from mas.core.values import JsonValue
from mas.testing.function_tools import FunctionTools, tool


def tools() -> FunctionTools:
    return FunctionTools(
        tool("files.read", lambda given: f"content of {given['path']}", target="path"),
        tool("files.write", lambda given: "written", risk="write", target="path", idempotent=True),
        tool("command.run", lambda given: "ran", risk="write", target="argv", judge=judge),
        tool("cluster.delete", lambda given: "deleted", risk="destructive", target="name"),
        tool("server.call", lambda given: "called", risk="write"),
    )


def judge(arguments: Mapping[str, JsonValue]) -> Assessment:
    argv = arguments.get("argv") or ()
    if list(argv)[:2] == ["kubectl", "get"] and "secrets" in argv:
        return Assessment(risk="write", target="secrets", effect="reads Secret values")
    return Assessment(risk="read" if list(argv)[:1] == ["ls"] else "write", target="argv")


def call(name: str, /, **arguments: Any) -> ToolCall:
    return ToolCall(id="c1", tool=name, arguments=arguments)


async def made(
    asked: ToolCall, given: FunctionTools | None = None, *, reading: bool = False, **more: Any
) -> tuple[ToolOutput, FunctionTools]:
    """The output of one call that nobody has to approve."""
    given = given or tools()
    found: list[ToolOutput] = []

    async def do(work: Work) -> TaskOutcome:
        gate = gate_of(work, given, **more)
        found.append(await gate.call(work, "act/call/1", asked, reading=reading))
        return TaskOutcome(result=None)

    run = await run_of(do)
    assert run.status is RunStatus.SUCCEEDED, run.failure
    return found[0], given


async def test_r7_reads_run_freely_and_are_recorded_as_actions() -> None:
    async def do(work: Work) -> TaskOutcome:
        output = await gate_of(work, tools()).call(
            work, "act/call/1", call("files__read", path="a.txt")
        )
        return TaskOutcome(result=output.text)

    async with engine_of(do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        (record,) = await engine.records(run.id)
    assert run.result["t"] == "content of a.txt"
    assert (record.key, record.kind) == ("act/call/1", "action")
    assert record.summary == "files.read a.txt: content of a.txt"


async def test_a2_an_unknown_tool_is_a_failed_output_that_names_near_ones() -> None:
    output, given = await made(call("files.raed", path="x"))
    assert output.failed
    assert not was_made(output)
    assert "files.read" in output.text
    assert given.calls == []


async def test_q2_a_tool_outside_the_role_is_not_called_whatever_the_model_says() -> None:
    output, given = await made(
        call("cluster.delete", name="prod"), role=role_with("files.*"), preapproved="write"
    )
    assert output.failed
    assert "not one of the role" in output.text
    assert given.calls == []


async def test_q2_what_a_stage_may_only_read_changes_nothing() -> None:
    output, given = await made(call("files.write", path="x"), reading=True, preapproved="write")
    assert output.failed
    assert "Only reading" in output.text
    output, given = await made(call("command.run", argv=["ls"]), reading=True)
    assert output.text == "ran"
    output, given = await made(
        call("command.run", argv=["kubectl", "get", "secrets"]), reading=True, preapproved="write"
    )
    assert output.failed
    assert given.calls == []


async def test_r7_a_policy_that_denies_gives_a_failed_output_with_its_reason() -> None:
    rule = PolicyRule(ruling="deny", tool="files.*", target="*.env", reason="Secrets live there.")
    output, given = await made(call("files.read", path="prod.env"), policy=Policy(rules=(rule,)))
    assert output.failed
    assert "Secrets live there." in output.text
    assert given.calls == []


async def approved(
    asked: ToolCall, given: FunctionTools, *, yes: bool, **more: Any
) -> tuple[Run, str]:
    """The run of a call that has to wait, and its effect as the person was shown it."""

    async def do(work: Work) -> TaskOutcome:
        output = await gate_of(work, given, **more).call(work, "act/call/1", asked)
        return TaskOutcome(result=output.text)

    async with engine_of(do) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await awaiting(engine, run.id)
        assert given.calls == []
        (waiting,) = await engine.waiting()
        await engine.decide(run.id, waiting.id, approved=yes, comment="seen")
        return await driven, waiting.call.effect


async def test_r7_a_write_waits_for_a_person_and_then_the_very_call_is_made() -> None:
    given = tools()
    run, effect = await approved(call("files.write", path="x", text="y"), given, yes=True)
    assert run.result["t"] == "written"
    assert effect == "Calls files.write."
    (made_call,) = given.calls
    assert made_call.arguments == {"path": "x", "text": "y"}


async def test_r7_what_was_approved_is_made_even_where_a_later_attempt_asks_otherwise() -> None:
    given = tools()
    paths = iter(["approved.txt", "other.txt"])

    async def do(work: Work) -> TaskOutcome:
        asked = call("files.write", path=next(paths))
        await gate_of(work, given).call(work, "act/call/1", asked)
        return TaskOutcome(result=None)

    async with engine_of(do) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await awaiting(engine, run.id)
        await engine.decide(run.id, "a1", approved=True)
        await driven
    assert [one.arguments["path"] for one in given.calls] == ["approved.txt"]


async def test_r7_a_rejected_call_is_not_made_and_ends_the_task() -> None:
    given = tools()
    run, _ = await approved(call("files.write", path="x"), given, yes=False)
    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "rejected")
    assert given.calls == []


async def test_r7_a_yes_beforehand_covers_writes_and_never_destruction() -> None:
    output, _ = await made(call("files.write", path="x"), preapproved="write")
    assert output.text == "written"
    given = tools()
    run, _ = await approved(
        call("cluster.delete", name="prod"), given, yes=True, preapproved="write"
    )
    assert run.result["t"] == "deleted"


@pytest.mark.parametrize(
    ("name", "calls", "said"),
    [("files.write", 2, "written"), ("server.call", 1, "not known whether it was done")],
)
async def test_r5_a_call_cut_off_is_done_again_only_where_that_is_harmless(
    name: str, calls: int, said: str
) -> None:
    """The process dies inside the call; `files.write` is idempotent, `server.call` is not."""
    deaths = [Transient("The process has died.")]

    def dying(_: Mapping[str, JsonValue]) -> str:
        if deaths:
            raise deaths.pop()
        return "written"

    given = FunctionTools(tool(name, dying, risk="write", idempotent=name == "files.write"))

    async def do(work: Work) -> TaskOutcome:
        gate = gate_of(work, given, preapproved="write")
        output = await gate.call(work, "act/call/1", call(name))
        return TaskOutcome(result=output.text)

    run = await run_of(do)
    assert said in run.result["t"]
    assert len(given.calls) == calls
    keys = {context.idempotency_key for context in given.contexts}
    assert keys == {f"{run.id}/t/act/call/1"}


async def test_q3_secrets_are_taken_out_of_outputs_and_of_what_is_written_down() -> None:
    secret = "hunter2-hunter2"
    given = FunctionTools(tool("server.call", lambda _: f"it is {secret}", risk="write"))

    async def do(work: Work) -> TaskOutcome:
        gate = gate_of(work, given, preapproved="write", masker=Masker([secret]))
        output = await gate.call(work, "act/call/1", call("server.call", password=secret))
        return TaskOutcome(result=output.text)

    async with engine_of(do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        events = str([event.to_json() for event in await engine.events(run.id)])
    assert given.calls[0].arguments == {"password": secret}
    assert secret not in run.result["t"]
    assert secret not in events


async def test_r11_messages_are_sent_once_and_read_by_the_other_agent() -> None:
    asked = call("messages.send", to="other", intent="provide_result", content="It is 42.")

    async def sends(work: Work) -> TaskOutcome:
        gate = gate_of(work, tools())
        output = await gate.call(work, "act/call/1", asked)
        await gate.call(work, "act/call/1", asked)
        return TaskOutcome(result=output.text)

    async def reads(work: Work) -> TaskOutcome:
        return TaskOutcome(result=[one.content for one in await work.inbox("observe")])

    run = await run_of({"worker": sends, "other": reads}, spec("t"), spec("o", "t", role="other"))
    assert run.result == {"t": "Sent to other.", "o": ["It is 42."]}


async def test_r11_a_request_for_help_becomes_a_task_whose_result_comes_back() -> None:
    asked = call("messages.send", to="other", intent="request_help", content="Fix the import.")
    helped: list[str] = []

    async def asks(work: Work) -> TaskOutcome:
        output = await gate_of(work, tools()).call(work, "act/call/1", asked)
        return TaskOutcome(result=output.text)

    async def helps(work: Work) -> TaskOutcome:
        helped.append(work.task.spec.goal)
        return TaskOutcome(result={"output": "Fixed.", "success": True})

    run = await run_of({"worker": asks, "other": helps})
    assert run.status is RunStatus.SUCCEEDED, run.failure
    assert run.result["t"] == "Fixed."
    assert helped == ["Fix the import."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"to": "nobody", "intent": "request_help", "content": "Help."}, "nobody"),
        ({"to": "worker", "intent": "request_help", "content": "Help."}, "yourself"),
        ({"to": "other", "intent": "order", "content": "Help."}, "do not fit"),
        ({"to": "", "intent": "request_info", "content": "Help."}, "must say something"),
    ],
)
async def test_r11_a_message_that_cannot_be_sent_is_a_failed_output(
    arguments: dict[str, str], said: str
) -> None:
    output, _ = await made(call("messages.send", **arguments))
    assert output.failed
    assert said in output.text
