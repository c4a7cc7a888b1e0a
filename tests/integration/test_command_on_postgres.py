"""The command on a PostgreSQL journal, shared by two homes as if by two machines (P1, R5, R7)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mas.testing.models import ScriptedModelServer
from support.command import Mas, said_until
from support.scripted_home import KEY, agent, mas_with_model

pytestmark = pytest.mark.slow


def test_p1_a_run_of_one_machine_is_listed_and_reported_by_another(
    tmp_path: Path, homelab: str, fresh_database: Callable[[], str]
) -> None:
    url = fresh_database()
    here, there = Mas(tmp_path / "here"), Mas(tmp_path / "there")
    for mas in (here, there):
        mas.environment["DATABASE_URL"] = url
    asked = here("ask", "Should we adopt Tekton?", "--cluster", homelab, "--json")
    assert asked.code == 0, asked.err
    report = there("runs", "report", asked.json["run_id"], "--json")

    assert report.json["report"] == asked.json["report"]
    assert [run["run_id"] for run in there("runs", "list", "--json").json] == [asked.json["run_id"]]
    assert not (tmp_path / "here" / "mas.db").exists()


def test_r7_a_machine_that_died_over_an_approval_is_replaced_by_another(
    tmp_path: Path, fresh_database: Callable[[], str]
) -> None:
    url = fresh_database()
    with ScriptedModelServer(lambda request: agent(request, "note.txt"), key=KEY) as server:
        here = mas_with_model(tmp_path / "here", server, "openai")
        there = mas_with_model(tmp_path / "there", server, "openai")
        for mas in (here, there):
            mas.environment["DATABASE_URL"] = url
        with here.start("agents", "run", "coder", "Write note.txt", "--json") as process:
            said = said_until(process, "mas runs reject")
            os.kill(process.pid, signal.SIGKILL)
        run = said.partition("mas runs approve ")[2].split()[0]
        asked = len(server.asked)
        approved = there("runs", "approve", run)
        assert approved.code == 0, approved.err
        resumed = there("runs", "resume", run, "--json")
        again = len(server.asked) - asked

    assert resumed.code == 0, resumed.err
    assert (tmp_path / "there" / "workspaces" / run / "note.txt").read_text() == "hello\n"
    assert again == 1, "only what comes after the approved call is asked"


def test_q1_a_database_out_of_reach_is_said_without_its_password(mas: Mas) -> None:
    mas.environment["DATABASE_URL"] = "postgresql://mas:secret-word@127.0.0.1:1/mas"
    done = mas("runs", "list")
    assert done.refused(5)
    assert "secret-word" not in done.err
