"""Real MCP servers over their standard input and output: calls, deaths, floods, lies (O2, Q2)."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from mas.adapters.mcp.limits import Limits
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox
from mas.agents.offering import OFFER_LIMIT
from mas.core.masking import Masker
from support.mcp_family import QUICK, context, good, opened, rough

BOUND = 90.0


async def _lines(file: Path, count: int) -> list[str]:
    """The lines of a file, once there are enough: another process writes them."""
    async with asyncio.timeout(BOUND):
        while len(lines := _read(file)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return lines


def _read(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_o2_a_tool_of_a_server_is_listed_with_its_risk_and_called(tmp_path: Path) -> None:
    async with opened(tmp_path, {"good": good()}) as mcp:
        risks = {spec.name: spec.risk for spec in await mcp.family.specs(None)}
        assert risks["good.add"] == "read"
        assert risks["good.wipe"] == "destructive"
        assert risks["good.note"] == "write"
        output = await mcp.call("good.add", a=2, b=3)
        assert (output.text, output.data, output.failed) == ("5", {"result": 5}, False)
        assert mcp.family.problems() == ()


async def test_o2_a_tools_own_failure_is_a_failed_output(tmp_path: Path) -> None:
    async with opened(tmp_path, {"good": good()}) as mcp:
        output = await mcp.call("good.fail")
        assert output.failed
        assert "the disk is on fire" in str(output.text)


async def test_o2_a_tool_that_is_gone_is_a_failed_output_not_an_error(tmp_path: Path) -> None:
    async with opened(tmp_path, {"good": good()}) as mcp:
        spec = (await mcp.family.specs(None))[0]
        gone = msgspec.structs.replace(spec, name="good.no-such-tool")
        output = await mcp.family.call(gone, {}, context())
        assert output.failed
        assert "no-such-tool" in str(output.text)
        strange = msgspec.structs.replace(spec, origin="removed")
        output = await mcp.family.call(strange, {}, context())
        assert output.failed
        assert "no MCP server removed" in str(output.text)


async def test_o2_a_server_starts_only_when_a_pattern_could_mean_its_tools(tmp_path: Path) -> None:
    servers = {"one": good(env={"MARKS": str(tmp_path)}), "two": rough("crash")}
    async with opened(tmp_path, servers) as mcp:
        assert await mcp.family.specs(["files.*", "on", "onexx.*"]) == ()
        assert not (tmp_path / "started").exists()
        assert [spec.name for spec in await mcp.family.specs(["one.ad?"])] == ["one.add"]
        assert mcp.family.problems() == ()


async def test_r5_a_server_that_dies_in_a_call_is_started_again_and_the_call_not_repeated(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, {"good": good(env={"MARKS": str(tmp_path)})}) as mcp:
        output = await mcp.call("good.die")
        text = str(output.text)
        assert output.failed
        assert "exit code 7" in text
        assert "not repeated" in text
        assert "started again" in text
        assert "sk-canary" not in text
        assert await _lines(tmp_path / "died", 1) == ["once"]
        assert len(await _lines(tmp_path / "started", 2)) == 2
        assert (await mcp.call("good.add", a=1, b=1)).text == "2"


async def test_r5_calls_beside_one_that_kills_the_server_fail_and_say_so(tmp_path: Path) -> None:
    marks = {"MARKS": str(tmp_path)}
    async with opened(tmp_path, {"good": good(env=marks)}) as mcp:
        waiting = asyncio.create_task(mcp.call("good.wait", seconds=600))
        await _lines(tmp_path / "waiting", 1)
        dying = await mcp.call("good.die")
        async with asyncio.timeout(BOUND):
            other = await waiting
        assert dying.failed
        assert other.failed
        assert "good.wait, which was not repeated" in str(other.text)
        assert len(await _lines(tmp_path / "started", 2)) == 2


async def test_q1_a_server_that_keeps_dying_is_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, {"good": good(env={"MARKS": str(tmp_path)})}) as mcp:
        spec = (await mcp.family.specs(["good.die"]))[0]
        outputs = [await mcp.family.call(spec, {}, context()) for _ in range(5)]
        assert "could not be started again" in str(outputs[3].text)
        assert "left alone" in str(outputs[4].text)
        assert len(await _lines(tmp_path / "died", 4)) == 4
        assert any("exit code 7" in text for text in mcp.family.problems())


async def test_q1_a_server_that_does_not_start_is_a_problem_and_stops_no_other(
    tmp_path: Path,
) -> None:
    servers = {
        "good": good(),
        "crash": rough("crash"),
        "silent": rough("silent", mas={"start_seconds": 5}),
        "gone": {"command": "no-such-program-here"},
    }
    async with opened(tmp_path, servers) as mcp:
        names = {spec.origin for spec in await mcp.family.specs(None)}
        assert names == {"good"}
        assert "left-pad" in mcp.family.problem_of("crash")
        assert "within 5 seconds" in mcp.family.problem_of("silent")
        assert "npm warn" in mcp.family.problem_of("silent")
        assert "no-such-program-here cannot be run" in mcp.family.problem_of("gone")
        assert mcp.family.problem_of("good") == ""


async def test_q1_a_tool_that_takes_too_long_is_cancelled_at_the_server(tmp_path: Path) -> None:
    server = good(env={"MARKS": str(tmp_path)}, mas={"seconds": 3})
    async with opened(tmp_path, {"good": server}) as mcp:
        output = await mcp.call("good.wait", seconds=600)
        assert output.failed
        assert "within 3 seconds" in str(output.text)
        assert await _lines(tmp_path / "waiting", 2) == ["began", "cancelled"]
        assert (await mcp.call("good.add", a=1, b=1)).text == "2"


async def test_r6_cancelling_the_caller_cancels_the_request_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, {"good": good(env={"MARKS": str(tmp_path)})}) as mcp:
        call = asyncio.create_task(mcp.call("good.wait", seconds=600))
        await _lines(tmp_path / "waiting", 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await _lines(tmp_path / "waiting", 2) == ["began", "cancelled"]
        assert (await mcp.call("good.add", a=1, b=1)).text == "2"
        assert len(await _lines(tmp_path / "started", 1)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_s2_no_process_of_a_server_is_left_behind(tmp_path: Path) -> None:
    server = good(env={"MARKS": str(tmp_path), "CHILD": "1"})
    async with opened(tmp_path, {"good": server}) as mcp:
        assert (await mcp.call("good.add", a=1, b=1)).text == "2"
        pids = [int(pid) for pid in await _lines(tmp_path / "children", 2)]
        pids += [int(pid) for pid in await _lines(tmp_path / "started", 1)]
        assert all(map(_lives, pids))
    assert not any(map(_lives, pids))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_s2_closing_while_a_server_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    async with opened(tmp_path, {"silent": rough("silent")}) as mcp:
        before = _children()
        listing = asyncio.create_task(mcp.family.specs(None))
        await _lines(mcp.logs / "mcp-silent.log", 1)
        (pid,) = _children() - before
        await mcp.family.close()
        assert await listing == ()
    assert not _lives(pid)


def _children() -> set[int]:
    """Processes of this one, also those that other tests keep (such as a database)."""
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


@pytest.mark.parametrize("kind", ["strict", "newest"])
async def test_o2_servers_of_older_and_newer_protocols_are_spoken_to(
    tmp_path: Path, kind: str
) -> None:
    async with opened(tmp_path, {"one": rough(kind)}) as mcp:
        assert (await mcp.call("one.hello")).text == "called hello"


async def test_q1_a_server_that_does_not_start_holds_up_only_the_first_who_asks(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, {"silent": rough("silent", mas={"start_seconds": 1})}) as mcp:
        assert await mcp.family.specs(None) == ()
        began = time.monotonic()
        for _ in range(20):
            assert await mcp.family.specs(None) == ()
        assert time.monotonic() - began < 10  # twenty starts would take twice as long
        (problem,) = mcp.family.problems()
        assert "left alone" in problem


async def test_q1_junk_on_standard_output_is_skipped_and_kept_in_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, {"noisy": rough("noisy")}) as mcp:
        assert (await mcp.call("noisy.hello")).text == "called hello"
        assert "stdout: Loading plugins..." in (mcp.logs / "mcp-noisy.log").read_text()


async def test_q1_a_result_of_50_mb_comes_whole_and_structured_copies_of_it_do_not(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, {"good": good()}) as mcp:
        output = await mcp.call("good.large", megabytes=50)
        assert not output.failed
        assert len(output.text) == 50_000_000
        assert output.data is None


async def test_q3_the_toolbox_cuts_keeps_and_masks_what_a_server_gives(tmp_path: Path) -> None:
    entry = good(env={"API_TOKEN": "canary-abcdef-123"})
    async with opened(tmp_path, {"good": entry}) as mcp:
        toolbox = Toolbox(
            {},
            kept=KeptOutputs(tmp_path / "outputs"),
            masker=Masker(mcp.secrets),
            servers=mcp.family,
        )
        specs = {spec.name: spec for spec in await toolbox.list()}
        large = await toolbox.call(specs["good.large"], {"megabytes": 50}, context())
        assert len(large.text) <= 9_000
        assert large.total_bytes == 50_000_000
        assert large.output_id
        shown = await toolbox.call(specs["good.environment"], {}, context())
        assert "API_TOKEN" in shown.text
        assert "canary-abcdef" not in shown.text
        wrong = await toolbox.call(specs["good.add"], {"a": "one"}, context())
        assert wrong.failed
        assert "do not fit" in wrong.text


async def test_q1_an_answer_beyond_the_limit_fails_and_the_session_lives_on(
    tmp_path: Path,
) -> None:
    limits = Limits(message_bytes=1_000_000, stop_grace=QUICK.stop_grace)
    marks = {"MARKS": str(tmp_path)}
    async with opened(tmp_path, {"good": good(env=marks)}, limits=limits) as mcp:
        output = await mcp.call("good.large", megabytes=20)
        assert output.failed
        assert "Ask for less" in str(output.text)
        assert (await mcp.call("good.add", a=1, b=1)).text == "2"
        assert len(await _lines(tmp_path / "started", 1)) == 1


async def test_o2_500_tools_are_listed_over_all_pages(tmp_path: Path) -> None:
    async with opened(tmp_path, {"many": rough("many")}) as mcp:
        specs = await mcp.family.specs(["many.*"])
        assert len(specs) == 500 > OFFER_LIMIT
        assert (await mcp.call("many.tool_499")).text == "called tool_499"


async def test_q1_a_listing_without_an_end_is_cut_and_said_so(tmp_path: Path) -> None:
    limits = Limits(tools=120, stop_grace=QUICK.stop_grace)
    async with opened(tmp_path, {"endless": rough("endless")}, limits=limits) as mcp:
        assert len(await mcp.family.specs(None)) == 120
        assert any("too many tools" in text for text in mcp.family.problems())


async def test_q2_hostile_names_and_texts_are_made_harmless(tmp_path: Path) -> None:
    async with opened(tmp_path, {"bad": rough("hostile")}) as mcp:
        specs = {spec.name: spec for spec in await mcp.family.specs(None)}
        assert all(len(spec.offer().name) <= 64 for spec in specs.values())
        assert all(len(spec.description) <= 1_000 for spec in specs.values())
        shown = "".join(spec.name + spec.description + str(spec.schema) for spec in specs.values())
        assert not set(shown) & set("\x00\x1b\u202e\u200b\n")
        assert "http:" not in shown
        assert "(a+)+$" not in shown
        # The one that bears the name keeps it, and the risk that a policy knows it by.
        assert specs["bad.get_item"].risk == "destructive"
        assert len([name for name in specs if name.startswith("bad.get_item_")]) == 2
        assert specs["bad.both"].risk == "destructive"
        assert (await mcp.call("bad.get_item")).text == "called get_item"
        properties = specs["bad.search"].schema["properties"]
        assert set(properties) == {"pattern", "far"}  # type: ignore[call-overload]


async def test_s3_a_server_gets_no_variable_that_was_not_given_to_it(tmp_path: Path) -> None:
    os.environ["MAS_TEST_CANARY"] = "sk-process-canary"
    try:
        async with opened(
            tmp_path,
            {"good": good(env={"TOKEN": "${GIVEN}", "MODE": "${MODE:-safe}"})},
            environment={"GIVEN": "value-of-token", "OPENAI_API_KEY": "sk-settings-canary"},
        ) as mcp:
            text = str((await mcp.call("good.environment")).text)
    finally:
        del os.environ["MAS_TEST_CANARY"]
    variables = dict(line.split("=", 1) for line in text.splitlines())
    assert variables.pop("TOKEN") == "value-of-token"
    assert variables.pop("MODE") == "safe"
    # LC_CTYPE is made by the interpreter of the server itself.
    assert set(variables) - {"LC_CTYPE"} == {"PATH", "HOME", "LANG"}


async def test_q3_what_a_server_says_beside_is_logged_masked_and_bounded(tmp_path: Path) -> None:
    limits = Limits(log_bytes=60, stop_grace=QUICK.stop_grace)
    async with opened(tmp_path, {"good": good()}, limits=limits) as mcp:
        await mcp.call("good.die")
        log = mcp.logs / "mcp-good.log"
        await _lines(log, 1)
        both = log.read_text() + log.with_name("mcp-good.log.1").read_text()
        assert "good server is up" in both
        assert "sk-canary" not in both
        assert log.stat().st_mode & 0o777 == 0o600
        assert log.stat().st_size < 200


async def test_o2_risk_in_the_file_goes_before_what_the_server_says(tmp_path: Path) -> None:
    extras = {"read_only": ["no*"], "risk": {"add": "write"}, "tools": ["add", "note"]}
    async with opened(tmp_path, {"good": good(mas=extras)}) as mcp:
        risks = {spec.name: spec.risk for spec in await mcp.family.specs(None)}
        assert risks == {"good.add": "write", "good.note": "read"}


async def test_q1_a_server_that_does_not_answer_holds_up_no_other(tmp_path: Path) -> None:
    servers = {"good": good(), "silent": rough("silent", mas={"start_seconds": 2})}
    async with opened(tmp_path, servers) as mcp:
        began = time.monotonic()
        everything = asyncio.create_task(mcp.family.specs(None))
        assert (await mcp.call("good.add", a=1, b=1, within=timedelta(seconds=60))).text == "2"
        assert {spec.origin for spec in await everything} == {"good"}
        assert time.monotonic() - began < BOUND
