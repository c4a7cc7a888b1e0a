"""Jobs outlive MAS, belong to one command, and get no more than they need (F3, R5, S2, S3)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mas.core.errors import Permanent, UserError
from support.job_cluster import JobCluster, missing_program
from support.job_seat import BOUND, IMAGE_PROGRAMS, JobSeat

pytestmark = pytest.mark.skipif(missing_program() is not None, reason=str(missing_program()))

OTHER_MAS = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mas.adapters.executors.kubernetes import KubernetesExecutor, connection_of
from mas.adapters.executors.kubernetes_settings import JobSettings
from mas.core.executors import Command, Sandbox
claim, kubeconfig, namespace, image, name = sys.argv[2:7]
root = Path(claim, "runs/run_one")
worktree = root / "worktrees/agent-1"
executor = KubernetesExecutor(
    connection_of(None, {"KUBECONFIG": kubeconfig}),
    JobSettings(namespace=namespace, image=image, claim="mas-workspace", workspace=Path(claim)),
)
asyncio.run(executor.run(Command(
    argv=("sh", "-c", "echo first; while [ ! -e go ]; do sleep 0.02; done; echo second; exit 4"),
    folder=worktree,
    environment={"PATH": executor.path},
    sandbox=Sandbox(root=root, writable=(worktree,)),
    name=name,
    labels={"mas.run": "suite", "mas.agent": "agent-1"},
)))
"""
SOURCES = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[JobCluster]:
    claim = tmp_path / "claim"
    claim.mkdir()
    with JobCluster(claim, programs=IMAGE_PROGRAMS) as cluster:
        yield cluster


@pytest.fixture
def seat(cluster: JobCluster, tmp_path: Path) -> JobSeat:
    return JobSeat(cluster, tmp_path)


async def killed_mas(seat: JobSeat) -> None:
    """Have another process begin the command `agent-1`, and kill it while the Job runs."""
    cluster = seat.cluster
    arguments = [str(cluster.claim_folder), str(seat.kubeconfig), cluster.namespace, cluster.image]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER_MAS, SOURCES, *arguments, "agent-1"),
        env={"PATH": os.environ["PATH"]},
    )
    try:
        await seat.seen(lambda: cluster.running("agent-1"))
    finally:
        process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(BOUND):
            await process.wait()


async def test_r5_a_job_whose_mas_was_killed_is_adopted_with_all_it_said(seat: JobSeat) -> None:
    await killed_mas(seat)
    pieces: list[bytes] = []
    task = seat.begin("echo never", name="agent-1", on_output=pieces.append)
    (seat.worktree / "go").touch()
    async with asyncio.timeout(BOUND):
        outcome = await task
    assert outcome.adopted
    assert (outcome.exit_code, outcome.output) == (4, b"first\nsecond\n")
    assert b"".join(pieces) == outcome.output
    assert len(seat.cluster.jobs) == len(seat.cluster.pods) == 1


async def test_r5_a_job_that_ended_without_mas_gives_its_outcome(seat: JobSeat) -> None:
    await killed_mas(seat)
    (seat.worktree / "go").touch()
    await seat.seen(lambda: not seat.cluster.running("agent-1"))
    outcome = await seat.outcome("echo never", name="agent-1")
    assert (outcome.adopted, outcome.exit_code) == (True, 4)
    assert outcome.output == b"first\nsecond\n"


async def test_r5_the_deadline_of_an_adopted_job_counts_from_its_start(seat: JobSeat) -> None:
    await killed_mas(seat)
    pod = seat.cluster.pod_of("agent-1")
    assert pod is not None
    run = seat.cluster.runs[pod["metadata"]["name"]]
    began = run.began(ago=timedelta(minutes=10))
    assert began
    outcome = await seat.outcome("echo never", name="agent-1", seconds=60)
    assert (outcome.ended, outcome.exit_code) == ("deadline", None)
    assert outcome.output == b"first\n"
    assert seat.cluster.pods == {}


async def test_r5_two_at_once_follow_one_job(seat: JobSeat) -> None:
    script = "mkdir once && echo one; while [ ! -e go ]; do sleep 0.02; done"
    tasks = [seat.begin(script, name="agent-1") for _ in range(2)]
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    (seat.worktree / "go").touch()
    async with asyncio.timeout(BOUND):
        outcomes = await asyncio.gather(*tasks)
    assert [one.output for one in outcomes] == [b"one\n", b"one\n"]
    assert sorted(one.adopted for one in outcomes) == [False, True]


async def test_f3_a_job_of_something_else_is_never_touched(seat: JobSeat) -> None:
    await seat.outcome("true", name="agent-1", labels={"mas.run": "another"})
    with pytest.raises(Permanent) as caught:
        await seat.outcome("true", name="agent-1")
    assert caught.value.code == "name_taken"
    assert list(seat.cluster.jobs) == ["agent-1"]
    task = seat.begin("true", name="agent-1")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(seat.cluster.jobs) == ["agent-1"]


async def test_r6_a_cancelled_command_has_neither_job_nor_pod(seat: JobSeat) -> None:
    task = seat.begin("sleep 60", name="agent-1")
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(BOUND):
            await task
    assert (seat.cluster.jobs, seat.cluster.pods) == ({}, {})


async def test_r6_a_command_that_is_cancelled_before_its_pod_runs_leaves_nothing(
    seat: JobSeat,
) -> None:
    seat.cluster.faults.unschedulable = "no node yet"
    task = seat.begin("sleep 60", name="agent-1")
    await seat.seen(lambda: seat.cluster.pod_of("agent-1"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(BOUND):
            await task
    assert (seat.cluster.jobs, seat.cluster.pods) == ({}, {})


async def test_s2_sweeping_ends_and_removes_what_a_dead_mas_has_left(seat: JobSeat) -> None:
    await killed_mas(seat)
    await seat.outcome("true", name="agent-2")
    await seat.outcome("true", name="other-1", labels={"mas.run": "other"})
    async with asyncio.timeout(BOUND):
        swept = await seat.executor.sweep({"mas.run": "suite"})
    assert sorted(swept) == ["agent-1", "agent-2"]
    assert list(seat.cluster.jobs) == ["other-1"]
    assert len(seat.cluster.pods) == 1


async def test_f3_a_job_that_has_ended_stays_for_an_hour(seat: JobSeat) -> None:
    await seat.outcome("true", name="agent-1")
    assert seat.cluster.jobs["agent-1"]["spec"]["ttlSecondsAfterFinished"] == 3600
    seat.cluster.pass_time(3599)
    assert list(seat.cluster.jobs) == ["agent-1"]
    seat.cluster.pass_time(3601)
    assert (seat.cluster.jobs, seat.cluster.pods) == ({}, {})
    assert (await seat.outcome("echo anew", name="agent-1")).output == b"anew\n"


async def test_f3_the_pod_gets_the_folders_of_its_agent_alone(seat: JobSeat) -> None:
    environment = {
        "PATH": seat.executor.path,
        "AGENT_WORKTREE_PATH": seat.inside(seat.worktree),
        "AGENT_BRANCH": "agent-1",
    }
    outcome = await seat.outcome(
        "pwd; echo $AGENT_WORKTREE_PATH $AGENT_BRANCH; id -u; ls /workspace/run /workspace/run/*;"
        "touch /x || touch /usr/x || echo sealed",
        name="agent-1",
        environment=environment,
    )
    lines = outcome.output.decode().split("\n")
    assert lines[0] == "/workspace/run/worktrees/agent-1"
    assert lines[1] == "/workspace/run/worktrees/agent-1 agent-1"
    assert lines[2] == "1000"
    assert "agent-2" not in outcome.output.decode()
    assert "sealed" in lines
    pod = seat.cluster.pod_of("agent-1")
    assert pod is not None
    spec = pod["spec"]
    assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)
    mounts = {
        one["mountPath"]: (one.get("subPath"), one.get("readOnly", False))
        for one in spec["containers"][0]["volumeMounts"]
    }
    assert mounts == {
        "/workspace/run/worktrees/agent-1": ("runs/run_one/worktrees/agent-1", False),
        "/workspace/run/agents/agent-1/home": ("runs/run_one/agents/agent-1/home", False),
        "/workspace/run/agents/agent-1/control": ("runs/run_one/agents/agent-1/control", True),
        "/workspace/run/objects": ("runs/run_one/objects", True),
        "/tmp": (None, False),
    }


async def test_s3_what_looks_like_a_reference_reaches_the_command_as_it_is(seat: JobSeat) -> None:
    odd = "$(PATH) $$(PATH) $ $$ $(no $(KUBERNETES_SERVICE_HOST)$"
    environment = {"PATH": seat.executor.path, "ODD": odd, "IFS": "x", "PWD": "/elsewhere"}
    program = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
    async with asyncio.timeout(BOUND):
        outcome = await seat.executor.run(
            seat.python(program, odd, "", "-", environment=environment)
        )
    arguments, seen = json.loads(outcome.output)
    assert arguments == [odd, "", "-"]
    assert seen == environment | {"LC_CTYPE": "C.UTF-8"} or seen == environment


async def test_f3_folders_outside_of_the_workspace_are_refused(
    seat: JobSeat, tmp_path: Path
) -> None:
    for folder in (tmp_path, seat.neighbour):
        with pytest.raises(UserError) as caught:
            await seat.outcome("true", folder=folder)
        assert caught.value.code == "no_folder"
    assert seat.cluster.asked == []


async def test_f3_labels_choose_the_network_of_a_pod(seat: JobSeat) -> None:
    for network in ("open", "gateway", "none"):
        await seat.outcome("true", name=f"net-{network}", network=network)
        pod = seat.cluster.pod_of(f"net-{network}")
        assert pod is not None
        assert pod["metadata"]["labels"]["mas.network"] == network
        assert pod["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "mas"
        assert pod["metadata"]["labels"]["mas.agent"] == "agent-1"


async def test_p4_mas_uses_all_that_its_role_permits_and_nothing_else(seat: JobSeat) -> None:
    async with asyncio.timeout(BOUND):
        await seat.executor.ready()
    await seat.outcome("true", name="agent-1")
    async with asyncio.timeout(BOUND):
        await seat.executor.sweep({"mas.run": "suite"})
    assert seat.cluster.verbs() == seat.cluster.allowed
    assert {resource for _, resource, _ in seat.cluster.allowed} == {"jobs", "pods", "pods/log"}


async def test_f3_ten_agents_run_at_once_each_in_its_own_worktree(seat: JobSeat) -> None:
    from mas.core.executors import Command, Sandbox

    def command(number: int) -> Command:
        worktree = seat.root / f"worktrees/agent-{number}"
        worktree.mkdir(exist_ok=True)
        return Command(
            argv=("sh", "-c", f"echo {number} > mine; ls .. ; echo agent {number}"),
            folder=worktree,
            environment={"PATH": seat.executor.path},
            sandbox=Sandbox(root=seat.root, writable=(worktree,)),
            name=f"run-agent-{number}",
            labels={"mas.run": "suite", "mas.agent": f"agent-{number}"},
        )

    numbers = range(1, 11)
    async with asyncio.timeout(BOUND):
        outcomes = await asyncio.gather(*(seat.executor.run(command(one)) for one in numbers))
    for number, outcome in zip(numbers, outcomes, strict=True):
        assert outcome.output == f"agent-{number}\nagent {number}\n".encode()
        assert (seat.root / f"worktrees/agent-{number}/mine").read_text() == f"{number}\n"
