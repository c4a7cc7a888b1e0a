"""What an agent remembers, forgets and gets back (A4)."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mas.core.memory import ENTRY_LIMIT, KEPT, Memory
from mas.core.values import encode_json

TEXTS = st.text(max_size=20)
ENTRIES = st.lists(TEXTS, max_size=6).map(tuple)
MEMORIES = st.builds(
    Memory,
    role=TEXTS,
    current_task=TEXTS,
    completed_tasks=ENTRIES,
    knowledge=ENTRIES,
    observations=ENTRIES,
    reasoning=ENTRIES,
    blocked_on=TEXTS,
)


@given(MEMORIES)
def test_a4_a_wipe_keeps_role_and_knowledge_and_nothing_else(memory: Memory) -> None:
    wiped = memory.wiped()

    assert wiped == Memory(role=memory.role, knowledge=memory.knowledge)
    assert wiped.wiped() == wiped


@given(MEMORIES)
def test_a4_what_is_written_down_is_read_back_exactly(memory: Memory) -> None:
    assert msgspec.json.decode(encode_json(memory), type=Memory) == memory


def test_a4_a_task_is_remembered_from_its_beginning_to_its_end() -> None:
    memory = Memory(role="sre", blocked_on="an approval").began("r/1")
    assert (memory.current_task, memory.blocked_on) == ("r/1", "")

    memory = memory.blocked("the disk")
    assert memory.blocked_on == "the disk"

    memory = memory.observed("r/1: a").reasoned("r/1: b").learned("r/1: c").completed("r/1")
    assert memory == Memory(
        role="sre",
        completed_tasks=("r/1",),
        observations=("r/1: a",),
        reasoning=("r/1: b",),
        knowledge=("r/1: c",),
    )


def test_a4_the_end_of_one_task_leaves_another_that_has_begun() -> None:
    memory = Memory(role="sre").began("r/1").began("r/2").completed("r/1")

    assert (memory.current_task, memory.completed_tasks) == ("r/2", ("r/1",))


@given(MEMORIES, TEXTS)
def test_a4_a_step_that_is_done_again_remembers_nothing_twice(memory: Memory, entry: str) -> None:
    once = memory.observed(entry).reasoned(entry).learned(entry).completed(entry)

    assert once.observed(entry).reasoned(entry).learned(entry).completed(entry) == once


@given(st.lists(st.text(max_size=700), max_size=120))
def test_a4_a_memory_stays_small_and_keeps_the_newest(entries: list[str]) -> None:
    memory = Memory(role="sre")
    for entry in entries:
        memory = memory.observed(entry)

    assert len(memory.observations) <= KEPT
    assert all(len(entry) <= ENTRY_LIMIT for entry in memory.observations)
    if entries:
        assert entries[-1][:ENTRY_LIMIT] in memory.observations
