"""Teams whose plans a model makes, through the real command (R2, R3, R7, R10, R13, A4, A6)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mas.testing.models import Call, Fault, ModelRequest, Reply, ScriptedModelServer
from support.command import Mas, said_until
from support.scripted_home import KEY, agent, finish, mas_with_model, stage_of

pytestmark = pytest.mark.slow

WRITE = "Deploy a note that says hello."


def planned(*tasks: dict[str, object]) -> Reply:
    return Reply(output={"reason": "They know how.", "tasks": list(tasks)})


def task(name: str, *needs: str, role: str = "coder", risk: str = "write") -> dict[str, object]:
    return {
        "id": name,
        "role": role,
        "title": f"Do {name}",
        "goal": f"Write {name}.txt with the word hello.",
        "depends_on": list(needs),
        "success_criteria": [f"{name}.txt holds hello"],
        "risk": risk,
    }


def is_planning(request: ModelRequest) -> bool:
    return "Plan the work that the request asks for" in request.text


@contextmanager
def scripted(home: Path, script: object) -> Iterator[tuple[Mas, ScriptedModelServer]]:
    with ScriptedModelServer(script, key=KEY) as server:  # type: ignore[arg-type]
        yield mas_with_model(home, server, "anthropic"), server


def test_r3_a_dry_run_shows_the_plan_and_does_nothing_of_it(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        assert is_planning(request)
        return planned(task("one"), task("two", "one"))

    with scripted(tmp_path / "home", script) as (mas, server):
        done = mas("ask", WRITE, "--team", "operate", "--dry-run", "--json")
        assert len(server.asked) == 1

    assert done.code == 0, done.err
    assert [one["id"] for one in done.json["result"]["plan"]] == ["one", "two"]
    assert "| Do two (`two`) | coder | write | one |" in done.json["report"]
    assert not (tmp_path / "home" / "workspaces").exists()


def test_r3_a_bad_plan_goes_back_with_the_exact_place_of_every_fault(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        if "closes a cycle" in request.text:
            return planned(task("one"))
        return planned(task("one", "two"), task("two", "one", role="plumber"))

    with scripted(tmp_path / "home", script) as (mas, server):
        done = mas("ask", WRITE, "--team", "operate", "--dry-run", "--json")
        (_, again) = server.asked

    assert done.code == 0, done.err
    assert "tasks[0].depends_on[0]: This closes a cycle: one → two → one." in again.text
    assert "tasks[1].role: 'plumber' is not a known role" in again.text
    assert [one["id"] for one in done.json["result"]["plan"]] == ["one"]


def test_r3_a_model_that_never_plans_well_is_asked_three_times_and_no_more(tmp_path: Path) -> None:
    with scripted(tmp_path / "home", lambda request: planned(task("one", "one"))) as (mas, server):
        done = mas("ask", WRITE, "--team", "operate", "--json")
        assert len(server.asked) == 3

    assert done.code == 1
    assert "closes a cycle" in done.json["error"]["message"]


def test_r10_tasks_run_in_the_order_of_their_needs_and_are_summed_up(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        if is_planning(request):
            return planned(task("one"), task("two", "one"))
        if "Read the results of all tasks" in request.text:
            return summing_up(request)
        name = "two" if "Write two.txt" in request.text else "one"
        return agent(request, f"{name}.txt")

    with scripted(tmp_path / "home", script) as (mas, _):
        done = mas("ask", WRITE, "--team", "operate", "--yes", "--json")
        run = done.json["run_id"]
        lessons = mas("knowledge", "lessons", "list", "--json")

    assert done.code == 0, done.err + done.out
    result = done.json["result"]
    assert [(one["id"], one["status"]) for one in result["tasks"]] == [
        ("one", "succeeded"),
        ("two", "succeeded"),
    ]
    assert result["tasks"][1]["depends_on"] == ["one"]
    assert result["summary"] == "Both notes are written."
    folder = tmp_path / "home" / "workspaces" / run
    assert sorted(path.name for path in folder.glob("*.txt")) == ["one.txt", "two.txt"]
    assert [lesson["about"] for lesson in lessons.json] == [WRITE]


def summing_up(request: ModelRequest) -> Reply:
    stage = stage_of(request)
    if stage == "observe":
        return Reply(calls=(finish(summary="Two results.", facts=[], findings=[]),))
    if stage == "plan":
        return Reply(
            output={
                "summary": "Say it.",
                "steps": [{"action": "say", "target": "-", "method": "-", "expected": "an answer"}],
                "estimated_seconds": 1,
                "confidence": 0.9,
                "check": {
                    "kind": "grounded",
                    "tool": "",
                    "arguments": "{}",
                    "exit_code": None,
                    "contains": "",
                },
            }
        )
    if stage == "act":
        return Reply(calls=(finish(text="Both notes are written.", sources=[]),))
    return agent(request, "-")


def test_r13_a_lesson_is_offered_to_the_next_plan_and_counted(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        return planned(task("one")) if is_planning(request) else agent(request, "one.txt")

    with scripted(tmp_path / "home", script) as (mas, server):
        assert mas("ask", WRITE, "--team", "operate", "--yes", "--json").code == 0
        before = len(server.asked)
        assert mas("ask", WRITE, "--team", "operate", "--yes", "--json").code == 0
        plan = server.asked[before]
        (lesson,) = mas("knowledge", "lessons", "list", "--json").json

    assert "coder: Do one" in plan.text
    assert lesson["successes"] == 1


def test_r2_the_model_names_the_team_where_rules_are_not_sure(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        if "Say which team a request is for" in request.text:
            return Reply(output={"team": "operate", "reason": "It is about a running system."})
        return planned(task("one"))

    with scripted(tmp_path / "home", script) as (mas, server):
        done = mas("ask", "The night shift says hello is slow", "--dry-run", "--json")
        assert len(server.asked) == 2

    assert done.code == 0, done.err
    assert done.json["team"] == "operate"
    assert done.json["usage"]["input_tokens"] >= sum(one.input_tokens for one in server.asked) // 2


def test_r2_a_model_that_is_out_of_order_leaves_the_choice_to_the_rules(tmp_path: Path) -> None:
    with scripted(tmp_path / "home", lambda request: Reply(text="no idea")) as (mas, _):
        done = mas("ask", "The night shift says hello is slow", "--json")

    assert done.code == 0, done.err
    assert done.json["team"] == "decide"


@pytest.mark.parametrize("words", [("--team", "operate"), ("--team", "build")])
def test_a6_without_a_model_other_teams_name_the_setting_that_is_missing(
    mas: Mas, words: tuple[str, ...]
) -> None:
    said = mas("ask", WRITE, *words).refused(2)
    assert "needs a language model" in said
    assert "MAS_MODEL" in said
    assert mas.runs() == []


def test_a6_a_decision_without_a_model_says_so_once(mas: Mas, homelab: str) -> None:
    done = mas("ask", "Should we adopt Tekton?", "--cluster", homelab)
    assert done.code == 0
    assert done.err.count("No model is configured") == 1
    quiet = mas("ask", "Should we adopt Tekton?", "--cluster", homelab, "--no-model")
    assert "No model is configured" not in quiet.err


def test_q1_a_wrong_key_makes_a_planned_run_fail_as_a_wrong_setting(tmp_path: Path) -> None:
    with scripted(tmp_path / "home", lambda request: planned(task("one"))) as (mas, _):
        mas.environment["SCRIPTED_KEY"] = "not-the-key"
        done = mas("ask", WRITE, "--team", "operate", "--json")

    assert done.code == 2, done.err
    assert "key" in done.json["error"]["message"]
    assert "not-the-key" not in done.out + done.err


def test_r7_without_yes_a_write_waits_and_tells_how_to_answer(tmp_path: Path) -> None:
    with scripted(tmp_path / "home", lambda request: agent(request, "one.txt")) as (mas, _):
        process = mas.start("agents", "run", "coder", "Write one.txt", "--json")
        with process:
            said = said_until(process, "mas runs reject")
            (run,) = mas.runs()
            rejected = mas("runs", "reject", run["run_id"], "--comment", "not today")
            out, _ = process.communicate(timeout=60)

    assert "files.write (write) one.txt" in said
    assert f"mas runs approve {run['run_id']} a1" in said
    assert rejected.code == 0, rejected.err
    assert process.returncode == 3
    answer = json.loads(out)
    assert answer["error"]["code"] == "rejected"
    assert "not today" in answer["error"]["message"]
    assert not (tmp_path / "home" / "workspaces" / run["run_id"] / "one.txt").exists()


def test_r7_yes_does_not_cover_what_is_destructive(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        if stage_of(request) == "act" and "tool_result" not in str(request.body):
            arguments = {"argv": ["rm", "-rf", "everything"]}
            return Reply(calls=(Call(name="command__run", arguments=arguments),))
        return agent(request, "one.txt")

    with (
        scripted(tmp_path / "home", script) as (mas, _),
        mas.start("agents", "run", "coder", "Clean up", "--yes", "--json") as process,
    ):
        said = said_until(process, "mas runs reject")
        (run,) = mas.runs()
        assert mas("runs", "reject", run["run_id"]).code == 0
        process.communicate(timeout=60)

    assert "(destructive)" in said
    assert process.returncode == 3


def test_r6_a_person_tells_a_running_agent_something_before_its_next_stage(tmp_path: Path) -> None:
    asked: list[str] = []

    def script(request: ModelRequest) -> Reply | Fault:
        asked.append(request.text)
        if stage_of(request) == "observe":
            told = subprocess.run(
                [sys.executable, "-m", "mas", "runs", "tell", running(), "Use a friendly word."],
                env=home.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert told.returncode == 0, told.stderr
        return agent(request, "one.txt")

    def running() -> str:
        return str(home.runs()[0]["run_id"])

    with scripted(tmp_path / "home", script) as (home, _):
        # The model's answer waits for two commands: asked again, it would be a second first time.
        home.environment["MAS_MODELS_TIMEOUT_SECONDS"] = "200"
        done = home("agents", "run", "coder", "Write one.txt", "--yes", "--json")

    assert done.code == 0, done.err
    first, *later = asked
    assert "Use a friendly word." not in first
    assert all("Use a friendly word." in text for text in later)


def test_a5_a_model_that_cannot_call_tools_works_through_json(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> Reply:
        assert request.tools == ()
        as_called = agent(request, "one.txt")
        if stage_of(request) == "act" and "result of files" in request.text:
            as_called = Reply(calls=(finish(text="It is written.", sources=["one.txt"]),))
        if not as_called.calls:
            return Reply(text=json.dumps(as_called.output))
        (call,) = as_called.calls
        if call.name == "finish":
            return Reply(text=json.dumps({"action": None, "done": dict(call.arguments)}))
        action = {"tool": call.name.replace("__", "."), "arguments": dict(call.arguments)}
        return Reply(text=f"Here it is:\n{json.dumps({'action': action, 'done': None})}")

    with ScriptedModelServer(script, key=KEY) as server:
        typed = '[models.typed]\n"scripted:scripted-1" = "prompt"\n'
        mas = mas_with_model(tmp_path / "home", server, "openai", more=typed)
        done = mas("agents", "run", "coder", "Write one.txt", "--yes", "--json")

    assert done.code == 0, done.err
    folder = tmp_path / "home" / "workspaces" / done.json["run_id"]
    assert (folder / "one.txt").read_text(encoding="utf-8") == "hello\n"
