"""What calls do and why they ask, told to readers of Korean (U2, R7)."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import mas
from mas.core.commands.classify import classify
from mas.core.commands.kubectl import _CHANGES
from mas.web.rendering import environment
from mas.web.views.effects import told_effect
from mas.web.wording.effects import EFFECTS, SECRETS_NEAR

SOURCE = Path(mas.__file__).parent
VALUE = "⟨value⟩"
JUDGES = frozenset(("read", "write", "sensitive", "destroy"))
HANGUL = re.compile("[가-힣]")
PLACES = (
    *sorted((SOURCE / "core" / "commands").glob("*.py")),
    *sorted((SOURCE / "adapters" / "tools").glob("*.py")),
    *(SOURCE / "adapters/mcp/sessions.py", SOURCE / "core/policy.py", SOURCE / "agents/gate.py"),
)


def sentences() -> Iterator[str]:
    """What the source says of calls, with a name in place of each value."""
    for path in PLACES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                judged = node.args if name in JUDGES and path.parent.name == "commands" else []
                named = [word.value for word in node.keywords if word.arg in ("effect", "reason")]
                for given in (*judged, *named):
                    yield from texts(given)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "effect":
                yield from texts(node.value)


def texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values
        )
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from texts(node.func.value)


SAID = sorted(
    {
        *sentences(),
        *(f"kubectl {verb} {effect}." for verb, effect in _CHANGES.items()),
        "Reads through files.read: Read a file",
        "Changes something through aws.make: Make a bucket",
    }
    # Put together of sentences that are here as well.
    - {f"kubectl {VALUE} {VALUE}.", f"{VALUE} Secrets may lie where it looks: {VALUE}."}
)


def test_u2_the_sentences_of_the_source_are_found() -> None:
    assert len(SAID) > 70
    assert "Writes are asked for unless the policy allows them." in SAID
    assert f"kubectl {VALUE} with an option that is not known to be harmless." in SAID


@pytest.mark.parametrize("sentence", SAID)
def test_u2_what_mas_says_of_a_call_is_told_in_korean(sentence: str) -> None:
    told = told_effect(sentence, "ko")
    assert told.language == "ko", sentence
    assert HANGUL.search(told.text)
    # No value is lost.
    assert told.text.count(VALUE) >= min(sentence.count(VALUE), 1)
    assert told_effect(sentence, "en") == (sentence, "en")


@pytest.mark.parametrize(("english", "korean"), [*EFFECTS, SECRETS_NEAR])
def test_u2_both_languages_name_the_same_values(english: str, korean: str) -> None:
    assert fields(english) == fields(korean)


@pytest.mark.parametrize(("english", "korean"), EFFECTS)
def test_u2_no_sentence_is_hidden_by_a_wider_one_before_it(english: str, korean: str) -> None:
    values = {name: f"<{name}>" for name in fields(english)}
    assert told_effect(english.format(**values), "ko") == (korean.format(**values), "ko")


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_u2_where_secrets_may_lie_is_told_with_what_a_command_does() -> None:
    effect = classify(["cp", "/root/.ssh/id_rsa", "x"]).effect
    assert "Secrets may lie where it looks" in effect
    told = told_effect(effect, "ko")
    assert told.language == "ko"
    assert ".ssh" in told.text
    assert "비밀" in told.text


def test_q2_what_others_have_worded_stays_as_it_is_and_is_no_markup() -> None:
    own = "Ask <b>Kim</b> {first} before 5\x07 p.m."
    assert told_effect(own, "ko") == ("Ask <b>Kim</b> {first} before 5 p.m.", "en")
    path = "a}{b <i>"
    written = f"Writes 6 bytes to {path}; what stands there is replaced."
    assert path in told_effect(written, "ko").text
    shown = {
        lang: environment(lang).from_string("{{ said | effect }}").render(said=own)
        for lang in ("en", "ko")
    }
    assert shown["en"] == "Ask &lt;b&gt;Kim&lt;/b&gt; {first} before 5 p.m."
    assert shown["ko"] == f'<span lang="en">{shown["en"]}</span>'
