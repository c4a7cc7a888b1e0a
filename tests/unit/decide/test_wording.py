"""Every message is complete and natural in both languages (D6)."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from judging import CATALOG
from reading import HANGUL, KOREAN_MAY_SAY

import mas.teams.decide
from mas.core.errors import Bug
from mas.core.tools import Text
from mas.teams.decide.findings import Phrase, Sentences
from mas.teams.decide.wording import MESSAGES, say
from mas.teams.decide.wording.fields import field_name, value_text

SOURCES = "\n".join(
    path.read_text("utf-8") for path in Path(mas.teams.decide.__file__).parent.rglob("*.py")
)
_PARTICLES = r"(?:은|는|이|가|을|를|과|와|로|으로|이나|나|이라|라)(?=[\s.,)]|$)"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_d6_a_message_has_both_languages_with_the_same_placeholders(key: str) -> None:
    message = MESSAGES[key]
    assert message.en.strip()
    assert message.ko.strip()
    assert placeholders(message.en) == placeholders(message.ko)


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_d6_a_message_is_in_its_own_language(key: str) -> None:
    message = MESSAGES[key]
    assert not HANGUL.search(message.en)
    bare = re.sub(r"\{\w+\}|`[^`]*`", "", message.ko)
    english = re.findall(r"(?<![\w.-])[a-z][a-z]+(?![\w.-])", bare)
    assert set(english) <= KOREAN_MAY_SAY
    if re.search("[A-Za-z]{3}", bare) and not re.search(r"\{\w+\}", message.ko):
        assert HANGUL.search(message.ko) or len(bare.split()) == 1


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_d6_korean_has_no_particle_whose_form_hangs_on_a_name(key: str) -> None:
    """`{name}을` would be wrong for half of all names; after a closing bracket likewise none."""
    assert not re.search(r"\{\w+\}" + _PARTICLES, MESSAGES[key].ko)
    assert not re.search(r"\(으\)|을\(를|이\(가|은\(는|와\(과", MESSAGES[key].ko)


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_d6_korean_sentences_are_polite(key: str) -> None:
    for end in re.findall(r"([가-힣]+)\.(?=\s|$)", MESSAGES[key].ko):
        assert end.endswith(("니다", "십시오")), end


def test_d6_every_message_is_used_somewhere() -> None:
    families = set(re.findall(r'f"([a-z_]+)\.(?:[a-z_]+)?\{', SOURCES))
    families |= set(re.findall(r'f"([a-z_.]+)[._]\{', SOURCES))
    unused = [
        key
        for key in MESSAGES
        if f'"{key}"' not in SOURCES.replace(f'    "{key}": _t', "")
        and not any(key.startswith(family) for family in families)
        and key.removeprefix("page.") not in SOURCES
    ]
    assert unused == []


def test_d6_a_missing_message_or_parameter_is_a_bug_with_its_name() -> None:
    with pytest.raises(Bug, match=r"no\.such"):
        say(Phrase(key="no.such"), "en")
    with pytest.raises(Bug, match="tool"):
        say(Phrase(key="page.title"), "en")


def test_d6_an_empty_parameter_leaves_no_trace() -> None:
    params = {"tool": "Gitea", "version": "", "namespace": "git", "object": "Deployment/git/gitea"}
    told = say(Phrase(key="health.healthy", params=params), "ko")
    assert told.startswith("Gitea: 네임스페이스 git에")
    assert "Gitea already runs" in say(Phrase(key="health.healthy", params=params), "en")


def test_d6_lists_have_commas_and_sentences_follow_each_other() -> None:
    listed = Phrase(key="page.list", params={"items": ("a", Text(en="b", ko="나"), "")})
    assert say(listed, "ko") == "a, 나"
    notes = Sentences(parts=(Text(en="One.", ko="하나."), Text(en="Two.", ko="둘.")))
    assert say(Phrase(key="page.list", params={"items": notes}), "en") == "One. Two."


def test_d6_braces_in_a_name_are_no_placeholders() -> None:
    told = say(Phrase(key="page.title", params={"tool": "{object} {0}"}), "en")
    assert told == "Should this cluster adopt {object} {0}?"


def test_d6_computed_evidence_is_said_in_korean() -> None:
    """No computed field of a rule is left in English in a Korean report."""
    fixed = {
        "requested by its pods", "pods on it", "server version", "capability named", "tool named",
        "demand named", "source named", "forbidden kinds", "nodes read",
        "number of healthy tools that give ci-pipelines", "number of components",
        "number of custom resource definitions", "number of storage classes",
    }  # fmt: skip
    signals = {
        f"number of {name.replace('-', ' ')}"
        for capability in CATALOG.capabilities.values()
        for name in capability.demand
    }
    for field in fixed | signals:
        assert HANGUL.search(field_name(field, "ko")), field
        assert field_name(field, "en") == field
    assert value_text("none", "ko") == "없음"
    assert value_text("none", "en") == "none"


def test_d6_every_signal_and_kind_of_reason_has_its_words() -> None:
    for capability in CATALOG.capabilities.values():
        for signal in capability.demand:
            assert f"signal.{signal}" in MESSAGES
