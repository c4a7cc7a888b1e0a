"""Memories and lessons on every store (A4, R13)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas.adapters.stores.lessons import (
    KEPT_EVIDENCE,
    StoredLessons,
    add_lessons,
    count_lessons,
)
from mas.adapters.stores.memories import KEPT_CHECKPOINTS, Checkpoint, StoredMemories
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.store import Store
from mas.core.errors import Bug
from mas.core.lessons import NewLesson
from mas.core.memory import Memory
from mas.testing.clock import ManualClock

LIMIT = 60.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Store]:
    async with asyncio.timeout(LIMIT):
        if request.param == "postgres":
            address: Callable[[], str] = request.getfixturevalue("fresh_database")
            async with PostgresStore(address(), clock=clock) as opened:
                yield opened
        else:
            async with SqliteStore(None, clock=clock) as opened:
                yield opened


@pytest.fixture
def memories(store: Store) -> StoredMemories:
    return StoredMemories(store)


@pytest.fixture
def lessons(store: Store) -> StoredLessons:
    return StoredLessons(store)


def full(role: str) -> Memory:
    return Memory(
        role=role,
        current_task="r/2",
        completed_tasks=("r/1",),
        knowledge=("the registry is slow", "레지스트리가 느리다"),
        observations=("r/1: 3 pods\nwait",),
        reasoning=("r/1: \u2028 odd 'signs' \x00 %s",),
        blocked_on="an answer",
    )


def new(about: str = "deploy web", text: str = "use Helm", *evidence: str) -> NewLesson:
    return NewLesson(
        kind="plan", team="operate", about=about, text=text, evidence=evidence or ("r/t/k",)
    )


# Memories


async def test_a4_what_was_never_remembered_is_an_empty_memory(memories: StoredMemories) -> None:
    assert await memories.read("sre") == Memory(role="sre")
    assert await memories.everything() == ()


async def test_a4_a_change_is_kept_and_returned(memories: StoredMemories) -> None:
    changed = await memories.change("sre", lambda memory: memory.began("r/1").observed("x"))

    assert changed == Memory(role="sre", current_task="r/1", observations=("x",))
    assert await memories.read("sre") == changed
    assert await memories.read("coder") == Memory(role="coder")


async def test_a4_agents_that_remember_at_the_same_time_lose_nothing(
    memories: StoredMemories,
) -> None:
    await asyncio.gather(
        *(
            memories.change("sre", lambda memory, n=n: memory.observed(str(n)))  # type: ignore[misc]
            for n in range(30)
        )
    )

    assert sorted((await memories.read("sre")).observations, key=int) == [str(n) for n in range(30)]


async def test_a4_a_change_that_fails_leaves_the_memory_as_it_was(memories: StoredMemories) -> None:
    await memories.change("sre", lambda _: full("sre"))

    def fail(memory: Memory) -> Memory:
        raise Bug("No.")

    for bad in (fail, lambda _: Memory(role="coder")):
        with pytest.raises(Bug):
            await memories.change("sre", bad)

    assert await memories.read("sre") == full("sre")


async def test_a4_a_wipe_keeps_knowledge_and_touches_no_other_agent(
    memories: StoredMemories,
) -> None:
    for role in ("sre", "coder"):
        await memories.change(role, lambda memory: full(memory.role))

    assert await memories.wipe("sre") == (Memory(role="sre", knowledge=full("sre").knowledge),)

    assert await memories.read("sre") == Memory(role="sre", knowledge=full("sre").knowledge)
    assert await memories.read("coder") == full("coder")


async def test_a4_restore_brings_back_exactly_what_the_checkpoint_saved(
    memories: StoredMemories,
) -> None:
    await memories.change("sre", lambda _: full("sre"))
    (saved,) = await memories.checkpoint("sre")
    await memories.wipe("sre")
    await memories.change("sre", lambda memory: memory.learned("something else"))

    assert await memories.restore("sre") == (saved,)

    assert await memories.read("sre") == full("sre") == saved.memory
    assert await memories.restore("sre") == (saved,), "a checkpoint can be restored again"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries=st.lists(st.text(max_size=30), max_size=5))
async def test_a4_restore_is_exact_whatever_was_remembered(
    memories: StoredMemories, entries: list[str]
) -> None:
    def remember(memory: Memory) -> Memory:
        for entry in entries:
            memory = memory.began(entry).observed(entry).reasoned(entry).learned(entry)
        return memory

    before = await memories.change("sre", remember)
    await memories.checkpoint("sre")
    await memories.change("sre", lambda memory: memory.wiped().learned("later").began("x"))
    await memories.restore("sre")

    assert await memories.read("sre") == before


async def test_a4_restore_takes_the_latest_checkpoint_and_says_when_there_is_none(
    memories: StoredMemories, clock: ManualClock
) -> None:
    assert await memories.restore("sre") == ()
    assert await memories.everything() == (), "asking for what is not there stores nothing"

    made: list[Checkpoint] = []
    for task in ("one", "two"):
        await memories.change("sre", lambda memory, task=task: memory.began(task))  # type: ignore[misc]
        made.extend(await memories.checkpoint("sre"))
        clock.advance(timedelta(seconds=1))
    await memories.wipe("sre")

    assert [saved.number for saved in made] == [1, 2]
    assert made[0].at <= made[1].at
    assert (await memories.restore("sre"))[0].memory.current_task == "two"


async def test_a4_old_checkpoints_make_room_and_numbers_go_on(memories: StoredMemories) -> None:
    for _ in range(KEPT_CHECKPOINTS + 3):
        (saved,) = await memories.checkpoint("sre")

    assert saved.number == KEPT_CHECKPOINTS + 3
    assert (await memories.restore("sre"))[0].number == saved.number


async def test_a4_several_agents_are_saved_wiped_and_restored_at_once(
    memories: StoredMemories,
) -> None:
    roles = ("sre", "coder", "cost")
    for role in roles:
        await memories.change(role, lambda memory: full(memory.role))

    assert [saved.role for saved in await memories.checkpoint(*roles)] == sorted(roles)
    assert [memory.role for memory in await memories.wipe(*roles)] == sorted(roles)
    assert [saved.role for saved in await memories.restore(*roles, "judge")] == sorted(roles)
    assert [one.role for one in await memories.everything()] == sorted(roles)
    for one in await memories.everything():
        assert one.memory == full(one.role)
        assert one.checkpoint is not None
        assert one.updated_at is not None
    assert await memories.wipe() == ()


# Lessons


async def test_r13_a_lesson_is_kept_with_its_evidence_under_a_short_stable_id(
    store: Store, lessons: StoredLessons
) -> None:
    (first,) = await store.run(add_lessons, [new()])

    (kept,) = await lessons.all()
    assert (kept.id, kept.about, kept.text, kept.evidence) == (
        first,
        "deploy web",
        "use Helm",
        ("r/t/k",),
    )
    assert (kept.kind, kept.team, kept.successes, kept.failures) == ("plan", "operate", 0, 0)
    assert kept.learned_at.endswith("+00:00")
    assert len(first) == 7
    assert await lessons.remove(first)
    assert await store.run(add_lessons, [new()]) == (first,)


async def test_r13_the_same_lesson_again_adds_its_evidence(
    store: Store, lessons: StoredLessons
) -> None:
    (one,) = await store.run(add_lessons, [new()])
    await store.run(count_lessons, [one], succeeded=True)

    again = [new("deploy  web ", "use\nHelm", "r2/t/k", "r/t/k"), new(), new(text="use kubectl")]
    ids = await store.run(add_lessons, again)

    assert len(ids) == 2
    assert one in ids
    kept = {lesson.id: lesson for lesson in await lessons.all()}
    assert kept[one].evidence == ("r/t/k", "r2/t/k")
    assert kept[one].successes == 1
    await store.run(add_lessons, [new("deploy web", "use Helm", *map(str, range(50)))])
    kept = {lesson.id: lesson for lesson in await lessons.all()}
    assert kept[one].evidence == tuple(str(n) for n in range(50 - KEPT_EVIDENCE, 50))


async def test_r13_runs_that_teach_the_same_at_once_teach_it_once(
    store: Store, lessons: StoredLessons
) -> None:
    def taught(n: int) -> list[NewLesson]:
        both = [new("a", "x", f"r{n}/t/k"), new("b", "y", f"r{n}/t/k")]
        return both if n % 2 else both[::-1]

    await asyncio.gather(*(store.run(add_lessons, taught(n)) for n in range(12)))

    kept = await lessons.all()
    assert sorted(lesson.about for lesson in kept) == ["a", "b"]
    for lesson in kept:
        assert sorted(lesson.evidence) == sorted(f"r{n}/t/k" for n in range(12))


async def test_r13_a_lesson_that_says_nothing_is_not_kept_and_odd_signs_do_no_harm(
    store: Store, lessons: StoredLessons
) -> None:
    odd = new("x\0y \ud800 '; drop table lesson; --", "z" * 10_000)
    await store.run(add_lessons, [new(" ", "x"), new("x", "\0"), odd])

    (kept,) = await lessons.all()
    assert kept.about == "xy ? '; drop table lesson; --"
    assert len(kept.text) == 2_000


async def test_r13_lessons_are_counted_by_how_the_run_ended(
    store: Store, lessons: StoredLessons
) -> None:
    one, two = await store.run(add_lessons, [new("a"), new("b")])

    await store.run(count_lessons, [one, two, one, "l000000"], succeeded=True)
    await store.run(count_lessons, [two], succeeded=False)
    await store.run(count_lessons, [], succeeded=False)

    kept = {lesson.id: (lesson.successes, lesson.failures) for lesson in await lessons.all()}
    assert kept == {one: (1, 0), two: (1, 1)}


async def test_r13_fitting_lessons_are_offered_by_kind(
    store: Store, lessons: StoredLessons
) -> None:
    fix = NewLesson(
        kind="fix", team="build", about="no module named flask", text="x", evidence=("r",)
    )
    await store.run(add_lessons, [new(), new("audit security groups"), fix])

    found = await lessons.fitting("deploy a web page", kind="plan")
    assert [lesson.about for lesson in found] == ["deploy web"]
    assert await lessons.fitting("deploy a web page", kind="fix") == ()
    (mended,) = await lessons.fitting("ModuleNotFoundError: no module named flask", kind="fix")
    assert mended.about == fix.about


async def test_r13_a_removed_lesson_is_gone_and_removing_it_again_says_so(
    store: Store, lessons: StoredLessons
) -> None:
    one, _ = await store.run(add_lessons, [new("a"), new("b")])

    assert await lessons.remove(one)
    assert not await lessons.remove(one)
    assert len(await lessons.all()) == 1
