"""Reading a request never fails, never dawdles and keeps to what the text says (R2, D5, Q1)."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas.catalog.loader import load_catalog
from mas.core.tools import Capability, Tool
from mas.teams.decide.names import Names, squash
from mas.teams.decide.question import read_question

CATALOG = load_catalog()
LONGEST_REQUEST = 20_000
FAR_TOO_LONG_SECONDS = 1.0
"""Twenty times what the slowest text takes; a quadratic rule takes longer still."""

WORDS = """Tekton 하버 Argo 아르고 Zarf 도입 대신 네임스페이스 namespace replace with instead
of we use should
을 에서 로 같은 service mesh 서비스 메시 3.1"""
PIECES = [*WORDS.split(), " ", "\n", ".", "-", "?", "@", "`", "https://", "-n ci", "🚀", "İ", "ﬁ"]
PIECES += ["\u200b", "\u0301", "\u1112", "\ud800"]
REPETITIVE = ["a", "가", "a-", "a.", "a@b.", "Aa", "텍톤도입", "도입 ", "Zarf, ", "we already "]
REPETITIVE += ["replace Tekton with ", "install the a an our ", "Jenkins를 ", "a namespace "]


@given(st.text(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(deadline=None, max_examples=400)
def test_q1_any_text_is_read_and_names_at_most_one_subject(text: str) -> None:
    question = read_question(text, CATALOG)
    assert question.text == text
    assert sum(map(bool, (question.tool, question.capability, question.unknown))) <= 1
    assert question.tool is None or question.tool in CATALOG.tools
    assert question.capability is None or question.capability in CATALOG.capabilities
    assert question.tool not in question.others
    assert question.capability not in question.wanted
    if question.namespace:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", question.namespace)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
@settings(deadline=None)
def test_r2_case_outside_of_names_and_white_space_do_not_matter(text: str) -> None:
    spaced = read_question("  " + text.replace(" ", "  ") + "\t", CATALOG)
    plain = read_question(text, CATALOG)
    assert (spaced.tool, spaced.capability) == (plain.tool, plain.capability)


def repeated(piece: str) -> str:
    return (piece * LONGEST_REQUEST)[:LONGEST_REQUEST]


def marks() -> str:
    chosen = random.Random(1)
    return "a" + "".join(chosen.choice("\u0300\u0316\u0334") for _ in range(LONGEST_REQUEST))


@pytest.mark.parametrize(
    "text",
    [
        *map(repeated, [*PIECES, *REPETITIVE]),
        repeated(" ".join(alias for tool in CATALOG.tools.values() for alias in tool.aliases)),
        marks(),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_q1_no_text_makes_reading_slow(text: str) -> None:
    started = time.process_time()
    read_question(text, CATALOG)
    assert time.process_time() - started < FAR_TOO_LONG_SECONDS


def test_r2_a_question_at_the_end_of_a_long_text_is_found() -> None:
    log = "2026-01-01T00:00:00Z INFO request served in 12 ms\n" * 2000
    assert read_question(log + "Should we adopt Tekton?", CATALOG).tool == "tekton"
    assert read_question("Tekton 도입 여부를 결정해줘\n" + log, CATALOG).tool == "tekton"


@pytest.mark.parametrize("tool", CATALOG.tools.values(), ids=lambda tool: tool.id)
def test_r2_every_alias_asks_for_its_tool_in_both_languages(tool: Tool) -> None:
    for name in (tool.name, tool.id, *tool.aliases):
        for request in (
            f"Should we adopt {name}?",
            f"should we adopt {name.lower()} on this cluster",
            f"SHOULD WE ADOPT {name.upper()}?",
            f"{name} 도입 여부를 결정해줘",
            f"{name}을 도입할까요?",
            f"우리 클러스터에 '{name}'를 설치해도 될까?",
        ):
            assert read_question(request, CATALOG).tool == tool.id, request


@pytest.mark.parametrize("tool", CATALOG.tools.values(), ids=lambda tool: tool.id)
def test_r2_a_longer_name_that_means_something_else_is_not_the_tool(tool: Tool) -> None:
    for name in tool.not_aliases:
        assert read_question(f"Should we adopt {name}?", CATALOG).tool != tool.id, name
        assert read_question(f"{name} 도입 여부를 결정해줘", CATALOG).tool != tool.id, name


@pytest.mark.parametrize("capability", CATALOG.capabilities.values(), ids=lambda one: one.id)
def test_r2_every_alias_of_a_capability_asks_for_it(
    capability: Capability,
) -> None:
    owned = {squash(a) for t in CATALOG.tools.values() for a in (t.id, t.name, *t.aliases)}
    for name in capability.aliases:
        if squash(name) in owned:
            continue
        assert read_question(f"Do we need {name}?", CATALOG).capability == capability.id, name
        assert read_question(f"{name} 필요할까?", CATALOG).capability == capability.id, name


def test_d2_no_name_belongs_to_two_tools_or_two_capabilities() -> None:
    owner: dict[str, str] = {}
    for tool in CATALOG.tools.values():
        for name in (tool.id, tool.name, *tool.aliases):
            assert owner.setdefault(squash(name), tool.id) == tool.id, name
    owner.clear()
    for one in CATALOG.capabilities.values():
        for name in (one.name.en, one.name.ko, *one.aliases):
            assert owner.setdefault(squash(name), one.id) == one.id, name


def test_d5_what_is_wanted_and_what_else_is_mentioned_is_kept_apart_from_the_subject() -> None:
    question = read_question(
        "We use Gitea and need CI pipelines and image scanning: should we adopt Tekton?", CATALOG
    )
    assert question.tool == "tekton"
    assert question.wanted == ("ci-pipelines", "image-scanning")
    assert question.others == ("gitea",)


def test_d6_language_follows_the_text_unless_it_is_given() -> None:
    assert read_question("Tekton 도입?", CATALOG).language == "ko"
    assert read_question("Adopt Tekton?", CATALOG).language == "en"
    assert read_question("Tekton 도입?", CATALOG, language="en").language == "en"


def test_r2_mentions_carry_their_place_in_the_text() -> None:
    text = "아르고 cd와 tekton을"
    found = Names(CATALOG).find(text)
    assert [(one.id, text[one.start : one.end]) for one in found] == [
        ("argo-cd", "아르고 cd"),
        ("tekton", "tekton"),
    ]


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Prometheous 도입", "prometheus"),
        ("Should we adopt Promethues?", "prometheus"),
        ("Should we adopt Longhron?", "longhorn"),
        ("Should we adopt Falcon?", None),
        ("Gitee 도입할까?", None),
        ("Should we adopt Tecton?", None),
    ],
)
def test_r2_a_slip_in_a_long_name_is_forgiven_and_a_short_name_is_taken_at_its_word(
    text: str, tool: str | None
) -> None:
    assert read_question(text, CATALOG).tool == tool
