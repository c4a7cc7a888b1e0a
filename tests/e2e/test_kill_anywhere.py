"""`kill -9` of a decision at every moment: a resume finishes the run, nothing twice (R5)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.command import Mas
from support.killed_mas import die

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

ASK = "Tekton 도입 여부를 결정해줘"
STAGES = 15


def asking(homelab: str) -> tuple[str, ...]:
    return ("ask", ASK, "--cluster", homelab, "--json")


def check(home: Path, moment: str, number: int, homelab: str, wanted: str) -> str | None:
    """Kill at one moment, resume, compare; what is wrong, or None."""
    mas = Mas(home)
    where = f"{moment} round {number}"
    death = die(mas, moment, number, *asking(homelab))
    if death.escaped:
        return f"{where}: {death.escaped}"
    left = [run for run in mas.runs() if run["status"] not in ("succeeded",)]
    if not mas.runs():
        return None  # killed before the run was accepted: there is nothing to lose
    resumed = mas("runs", "resume", "--json")
    if resumed.code != 0 or "Traceback" in resumed.err:
        return f"{where}: resume ended with {resumed.code}: {resumed.err}"
    if len(resumed.json) != len(left):
        return f"{where}: {len(resumed.json)} of {len(left)} runs were taken up"
    (run,) = mas.runs()
    shown = mas("runs", "show", run["run_id"], "--json").json
    if shown["status"] != "succeeded":
        return f"{where}: {shown['status']}"
    verdict = shown["result"]["verdict"]
    if verdict != wanted:
        return f"{where}: verdict {verdict}"
    recorded = Counter(
        (task["id"], record["key"]) for task in shown["tasks"] for record in task["records"]
    )
    if len(recorded) != STAGES or set(recorded.values()) != {1}:
        return f"{where}: records {recorded}"
    watched = mas("runs", "watch", run["run_id"], "--json").out.splitlines()
    told = [line for line in watched if '"type":"task_recorded"' in line]
    if len(told) != STAGES:
        return f"{where}: {len(told)} records were told"
    return None


def test_r5_a_decision_killed_at_every_moment_is_finished_by_resume(
    tmp_path: Path, homelab: str
) -> None:
    whole = Mas(tmp_path / "whole")
    lived = die(whole, "before", 0, *asking(homelab))
    assert lived.code == 0, lived.err
    rounds = lived.rounds
    assert rounds is not None
    assert rounds >= STAGES
    (run,) = whole.runs()
    wanted = whole("runs", "report", run["run_id"], "--json").json["result"]["verdict"]
    moments = [
        (moment, number) for number in range(1, rounds + 1) for moment in ("before", "after")
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = list(
            pool.map(
                lambda one: check(tmp_path / f"{one[0]}-{one[1]}", *one, homelab, wanted), moments
            )
        )
    assert [problem for problem in problems if problem] == []
