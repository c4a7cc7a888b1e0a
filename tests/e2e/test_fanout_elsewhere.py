"""Whole fanout runs in containers and as Jobs, and what becomes of them when MAS dies (F3, R5)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.command import Mas
from support.docker_engine import DockerEngine, docker_engine
from support.fanout_world import (
    FIXED,
    JUDGED,
    by_agent,
    fingerprint,
    git,
    persons_repository,
    run_folder,
    script_file,
)
from support.job_cluster import JobCluster, missing_program

__all__ = ["docker_engine"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
LIMIT = 120.0


@pytest.fixture
def in_docker(mas: Mas, docker_engine: DockerEngine) -> Mas:
    """The command with an engine to run agents in."""
    mas.environment |= docker_engine.environment
    mas.environment |= {"MAS_EXECUTOR": "docker", "DOCKER_MCP_IMAGE": docker_engine.image}
    return mas


@pytest.fixture
def as_jobs(mas: Mas, tmp_path: Path) -> Iterator[tuple[Mas, JobCluster]]:
    """The command with a cluster to run agents in, which shares its workspace."""
    if missing := missing_program():
        pytest.skip(f"there is no {missing} to run pods with")
    workspace = tmp_path / "claim"
    workspace.mkdir()
    with JobCluster(workspace) as cluster:
        mas.environment |= {
            "KUBECONFIG": str(cluster.kubeconfig(tmp_path / "kubeconfig")),
            "MAS_EXECUTOR": "kubernetes",
            "MAS_KUBERNETES_IMAGE": cluster.image,
            "WORKSPACE_LOCAL": str(workspace),
        }
        yield mas, cluster


def until(holds: Callable[[], object]) -> None:
    """Wait for what another process does; nothing but looking tells."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def ten_agents(folder: Path) -> str:
    return script_file(
        folder,
        {
            "steps": [{"write": "calc.py", "text": FIXED}, {"commit": "Fix add"}],
            "agents": {
                "2": [{"say": "done"}],
                "3": [{"write": "calc.py", "text": FIXED + "# longer\n"}],
                "4": [{"write": "calc.py", "text": FIXED}, {"fail": "no", "exit": 4}],
            },
        },
    )


def check_ten(mas: Mas, repository: Path, coder: str, folder_of: Callable[[str], Path]) -> str:
    """Ten agents on a person's repository: branches, ranking, merge; returns the run."""
    before = fingerprint(repository)
    asked = mas(
        *("ask", "Fix add.", "--agents", "10", "--repo", str(repository)),
        *("--coder", coder, "--check", JUDGED, "--json"),
    )
    assert asked.code == 0, asked.err
    answer = asked.json
    run = str(answer["run_id"])
    folder = folder_of(run)
    results = by_agent(answer)
    assert {number: one["status"] for number, one in results.items() if number < 5} == {
        1: "success",
        2: "no_changes",
        3: "success",
        4: "failed",
    }
    assert answer["result"]["summary"]["successful"] == 8
    for number in range(1, 11):
        git(folder, "rev-parse", "--verify", f"agent-{number}")
    assert git(folder, "show", "agent-4:calc.py") == FIXED.strip()
    ranking = [one["agent_id"] for one in answer["result"]["ranking"]]
    assert ranking[0] == 1
    assert ranking[-1] == 2
    assert all(check["passed"] for check in answer["result"]["ranking"][0]["checks"])
    merged = mas("runs", "merge", run, "--json")
    assert merged.json["moved"] is True
    assert git(folder, "show", "main:calc.py") == FIXED.strip()
    assert fingerprint(repository) == before
    return run


def test_f3_ten_agents_work_in_containers_of_their_own(
    in_docker: Mas, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    repository = persons_repository(tmp_path / "project")
    check_ten(in_docker, repository, ten_agents(tmp_path), lambda run: run_folder(in_docker, run))
    assert docker_engine.containers() == []


def test_f3_ten_agents_work_as_jobs(as_jobs: tuple[Mas, JobCluster], tmp_path: Path) -> None:
    mas, cluster = as_jobs
    repository = persons_repository(tmp_path / "project")
    run = check_ten(
        mas,
        repository,
        ten_agents(tmp_path),
        lambda run: cluster.claim_folder / "runs" / f"run_{run}",
    )
    mark = run.replace("_", "-")
    assert {f"mas-{mark}-agent-{number}" for number in range(1, 11)} <= set(cluster.jobs)


def test_r5_containers_of_a_killed_mas_go_on_and_are_taken_over(
    in_docker: Mas, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    """The container works while no MAS lives; the next one takes its outcome and starts none."""
    mas = in_docker
    coder = script_file(
        tmp_path,
        {
            "steps": [
                {"append": "begun.txt", "text": "begun\n"},
                {"wait_for": "go", "seconds": 400},
                {"append": "begun.txt", "text": "finished\n"},
                {"commit": "Finished"},
            ]
        },
    )
    words = ("ask", "Do it.", "--agents", "1", "--coder", coder, "--json")
    with mas.start(*words) as process:
        until(lambda: len(mas.runs()) == 1)
        run = str(mas.runs()[0]["run_id"])
        worktree = run_folder(mas, run) / "worktrees" / "agent-1"
        until((worktree / "begun.txt").exists)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    (container,) = docker_engine.containers()
    (worktree / "go").touch()
    until(lambda: "finished" in (worktree / "begun.txt").read_text())
    assert docker_engine.containers() == [container]

    resumed = mas("runs", "resume", run, "--json")
    assert resumed.code == 0, resumed.err
    (result,) = resumed.json["result"]["results"]
    assert result["status"] == "success"
    assert (worktree / "begun.txt").read_text() == "begun\nfinished\n"
    assert docker_engine.containers() == []


def test_s2_a_cancelled_run_removes_containers_that_a_dead_mas_has_left(
    in_docker: Mas, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    mas = in_docker
    coder = script_file(tmp_path, {"steps": [{"write": "a", "text": "a\n"}, {"sleep": 300}]})
    with mas.start("ask", "Do it.", "--agents", "1", "--coder", coder) as process:
        until(lambda: len(mas.runs()) == 1)
        run = str(mas.runs()[0]["run_id"])
        until((run_folder(mas, run) / "worktrees" / "agent-1" / "a").exists)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    assert len(docker_engine.containers()) == 1
    assert mas("runs", "cancel", run).code == 0
    assert docker_engine.containers() == []
    assert git(run_folder(mas, run), "show", "agent-1:a") == "a"
