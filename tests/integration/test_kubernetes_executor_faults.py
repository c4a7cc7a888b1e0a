"""What a cluster does to Jobs: failures of the server, of nodes, images and room (S1, S2, Q1)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.executors import Limits
from support.executor_suite import until
from support.job_cluster import JobCluster, missing_program
from support.job_seat import BOUND, IMAGE_PROGRAMS, JobSeat, executor_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(missing_program() is not None, reason=str(missing_program())),
]

SHORT = timedelta(seconds=2)
COUNTING = "for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done; printf 'no end'"
COUNTED = b"".join(b"line %d\n" % n for n in range(1, 10)) + b"no end"
STEPS = "n=0; while [ ! -e stop ]; do n=$((n+1)); echo $n; sleep 0.002; done; echo $n > stop"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[JobCluster]:
    claim = tmp_path / "claim"
    claim.mkdir()
    with JobCluster(claim, programs=IMAGE_PROGRAMS) as cluster:
        yield cluster


@pytest.fixture
def seat(cluster: JobCluster, tmp_path: Path) -> JobSeat:
    return JobSeat(cluster, tmp_path)


async def refused(seat: JobSeat, code: str, kind: type[MasError] = UserError) -> MasError:
    """Run a command that cannot be run; returns the error, which leaves no Job behind."""
    with pytest.raises(kind) as caught:
        await seat.outcome("true", name="agent-1")
    assert caught.value.code == code
    assert caught.value.hint
    assert seat.cluster.jobs == {}
    return caught.value


@pytest.mark.parametrize("cuts", [(0,), (5, 31, 32), (33, 40, 1, 64, 70, 300)])
async def test_f2_a_log_that_breaks_off_is_neither_doubled_nor_lost(
    seat: JobSeat, cuts: tuple[int, ...]
) -> None:
    seat.cluster.faults.cut_logs = deque(cuts)
    pieces: list[bytes] = []
    outcome = await seat.outcome(COUNTING, on_output=pieces.append)
    assert outcome.output == b"".join(pieces) == COUNTED
    assert outcome.total_bytes == len(COUNTED)


async def test_f2_a_log_that_breaks_off_while_it_grows_is_whole_and_in_order(
    seat: JobSeat,
) -> None:
    seat.cluster.faults.cut_logs = deque(range(500, 4000, 333))
    task = seat.begin(STEPS)
    try:
        await until(lambda: not seat.cluster.faults.cut_logs, seconds=BOUND)
    finally:
        (seat.worktree / "stop").touch()
    async with asyncio.timeout(BOUND):
        outcome = await task
    last = int((seat.worktree / "stop").read_text())
    assert outcome.output == b"".join(b"%d\n" % n for n in range(1, last + 1))


async def test_s1_a_server_in_trouble_is_asked_again(seat: JobSeat) -> None:
    faults = seat.cluster.faults
    faults.statuses["create jobs"] = deque([500, 429, 503])
    faults.statuses["list pods"] = deque([500, 502, 504, 500, 500])
    faults.statuses["get pods/log"] = deque([500, 429])
    faults.statuses["watch pods"] = deque([500])
    faults.statuses["delete jobs"] = deque([500])
    outcome = await seat.outcome(COUNTING)
    assert outcome.output == COUNTED
    assert seat.cluster.jobs == {}


async def test_s1_watches_that_expire_or_break_off_are_begun_anew(seat: JobSeat) -> None:
    seat.cluster.faults.expired_watches = 2
    seat.cluster.faults.cut_watches = 2
    assert (await seat.outcome("exit 5")).exit_code == 5


async def test_r5_an_answer_that_got_lost_makes_no_second_job(seat: JobSeat) -> None:
    seat.cluster.faults.lose_answers["create jobs"] = 1
    outcome = await seat.outcome("mkdir once && echo made", name="agent-1")
    assert (outcome.output, outcome.adopted) == (b"made\n", False)
    assert list(seat.cluster.jobs) == ["agent-1"]


async def test_s1_an_outage_of_the_server_does_not_end_the_command(seat: JobSeat) -> None:
    task = seat.begin("while [ ! -e go ]; do sleep 0.02; done; echo through", name="agent-1")
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    seat.cluster.faults.outage = True
    (seat.worktree / "go").touch()
    await seat.seen(lambda: not seat.cluster.running("agent-1"))
    seat.cluster.faults.outage = False
    async with asyncio.timeout(BOUND):
        assert (await task).output == b"through\n"


async def test_r5_an_outage_that_lasts_leaves_the_job_to_be_adopted(
    cluster: JobCluster, tmp_path: Path
) -> None:
    seat = JobSeat(cluster, tmp_path, outage_limit=SHORT)
    task = seat.begin("while [ ! -e go ]; do sleep 0.02; done; echo done", name="agent-1")
    await seat.seen(lambda: cluster.running("agent-1"))
    cluster.faults.outage = True
    async with asyncio.timeout(BOUND):
        with pytest.raises(Transient):
            await task
    cluster.faults.outage = False
    (seat.worktree / "go").touch()
    outcome = await seat.outcome("exit 9", name="agent-1")
    assert (outcome.output, outcome.exit_code, outcome.adopted) == (b"done\n", 0, True)


async def test_s1_a_pod_that_is_evicted_is_lost_and_says_why(seat: JobSeat) -> None:
    task = seat.begin("sleep 60", name="agent-1")
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    seat.cluster.evict("agent-1")
    async with asyncio.timeout(BOUND):
        with pytest.raises(Permanent, match="low on resource: memory") as caught:
            await task
    assert caught.value.code == "command_lost"
    assert seat.cluster.jobs == {}


async def test_s1_a_pod_whose_node_is_gone_is_lost(seat: JobSeat) -> None:
    task = seat.begin("sleep 60", name="agent-1")
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    await asyncio.to_thread(seat.cluster.lose_node, "agent-1")
    async with asyncio.timeout(BOUND):
        with pytest.raises(Permanent) as caught:
            await task
    assert caught.value.code == "command_lost"


async def test_q1_an_image_that_cannot_be_pulled_is_an_error_in_bounded_time(
    cluster: JobCluster, tmp_path: Path
) -> None:
    cluster.faults.image = "pull access denied"
    seat = JobSeat(cluster, tmp_path, image_limit=SHORT)
    assert "pull access denied" in (await refused(seat, "no_image")).message


async def test_s1_an_image_that_comes_after_all_is_used(seat: JobSeat) -> None:
    seat.cluster.faults.image = "registry is starting"
    task = seat.begin("echo here", name="agent-1")
    await seat.seen(lambda: "ImagePullBackOff" in str(seat.cluster.pod_of("agent-1")))
    seat.cluster.faults.image = ""
    async with asyncio.timeout(BOUND):
        assert (await task).output == b"here\n"


async def test_q1_an_image_that_cannot_be_started_is_an_error(seat: JobSeat) -> None:
    seat.cluster.faults.start = 'exec: "/bin/sh": no such file or directory'
    assert "/bin/sh" in (await refused(seat, "no_image")).message


async def test_q1_no_room_is_an_error_with_the_words_of_the_scheduler(
    cluster: JobCluster, tmp_path: Path
) -> None:
    cluster.faults.unschedulable = "0/3 nodes are available: 3 Insufficient memory."
    seat = JobSeat(cluster, tmp_path, start_limit=SHORT)
    assert "3 Insufficient memory" in (await refused(seat, "no_room")).message


async def test_q1_a_claim_that_is_not_there_is_an_error(
    cluster: JobCluster, tmp_path: Path
) -> None:
    seat = JobSeat(cluster, tmp_path, start_limit=SHORT, claim="other")
    assert "other" in (await refused(seat, "no_claim")).message


async def test_q1_a_job_for_which_no_pod_is_made_is_an_error_in_bounded_time(
    cluster: JobCluster, tmp_path: Path
) -> None:
    cluster.faults.no_pods = True
    await refused(JobSeat(cluster, tmp_path, start_limit=SHORT), "no_room")


async def test_q1_what_the_cluster_does_not_permit_is_an_error(seat: JobSeat) -> None:
    seat.cluster.allowed.discard(("batch", "jobs", "create"))
    await refused(seat, "forbidden")
    with pytest.raises(UserError, match="create jobs") as caught:
        await seat.executor.ready()
    assert caught.value.code == "forbidden"


async def test_q1_a_cluster_that_is_not_there_is_said(seat: JobSeat) -> None:
    seat.cluster.faults.outage = True
    with pytest.raises(Transient) as caught:
        await seat.executor.ready()
    assert caught.value.code == "server_unreachable"


async def test_q1_a_workspace_that_pods_do_not_see_is_an_error(
    cluster: JobCluster, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    executor = executor_of(cluster, tmp_path / "kubeconfig", workspace=other)
    async with asyncio.timeout(BOUND):
        with pytest.raises(UserError) as caught:
            await executor.ready()
    assert caught.value.code == "no_claim"
    assert list(other.iterdir()) == []
    assert cluster.jobs == {}


async def test_s2_the_pods_own_deadline_ends_it_when_mas_is_dead(seat: JobSeat) -> None:
    task = seat.begin("echo begun; sleep 60", name="agent-1")
    await seat.seen(lambda: seat.cluster.running("agent-1"))
    pod = seat.cluster.pod_of("agent-1")
    job = seat.cluster.jobs["agent-1"]["spec"]
    assert pod is not None
    # Thirty seconds of its own, five minutes to start, and a little: MAS ends it in time, this
    # ends it when there is no MAS. The Job comes last, because it takes the pod and its log away.
    assert 330 <= pod["spec"]["activeDeadlineSeconds"] < job["activeDeadlineSeconds"] <= 600
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seat.cluster.pods == {}


async def test_s2_memory_is_limited_and_reserved_as_was_said(seat: JobSeat) -> None:
    limits = Limits(memory_bytes=1 << 30, cpus=1.5)
    await seat.outcome("true", name="agent-1", limits=limits)
    pod = seat.cluster.pod_of("agent-1")
    assert pod is not None
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"memory": str(1 << 30), "cpu": "1500m"}
    assert resources["requests"] == {"memory": str(256 << 20), "cpu": "100m"}
