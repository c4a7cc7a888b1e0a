"""The policy decides what may be done: rules in order, narrow where they allow (R7, Q2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.plan import Risk
from mas.core.policy import Judgement, Policy, PolicyRule, Ruling, judge
from mas.core.values import JsonObject

RISKS: tuple[Risk, ...] = ("read", "write", "destructive")
RULINGS: tuple[Ruling, ...] = ("allow", "ask", "deny")
TEXT = st.text(alphabet="aA/.* -\n[]!é", max_size=12)
RULES = st.builds(
    PolicyRule,
    ruling=st.sampled_from(RULINGS),
    role=st.sampled_from(("*", "coder", "sre")),
    tool=st.sampled_from(("*", "git.*", "git.push", "files.*")),
    target=TEXT,
    risk=st.sampled_from((None, *RISKS)),
)


def judged(
    *rules: PolicyRule,
    role: str = "coder",
    tool: str = "git.push",
    target: str = "",
    risk: Risk = "write",
    arguments: JsonObject | None = None,
) -> Judgement:
    return judge(
        Policy(rules=rules),
        role=role,
        tool=tool,
        target=target,
        risk=risk,
        arguments=arguments or {},
    )


def rule(ruling: Ruling, **named: str) -> PolicyRule:
    """A rule about arguments alone."""
    return PolicyRule(ruling=ruling, arguments=named)


def test_r7_reads_are_allowed_and_everything_else_is_asked_for_without_any_rule() -> None:
    assert judged(tool="kubernetes.get", risk="read").ruling == "allow"
    assert judged(tool="kubernetes.apply", risk="write").ruling == "ask"
    assert judged(tool="kubernetes.delete", risk="destructive").ruling == "ask"


def test_r7_a_rule_can_allow_writes_by_role_tool_and_target() -> None:
    allow = PolicyRule(ruling="allow", role="deploy*", tool="git.*", target="staging/*")

    assert judged(allow, role="deployment", target="staging/web").ruling == "allow"
    assert judged(allow, role="coder", target="staging/web").ruling == "ask"
    assert judged(allow, role="deployment", target="main").ruling == "ask"
    assert judged(allow, role="deployment", tool="ssh.run", target="staging/web").ruling == "ask"


def test_r7_the_first_rule_that_matches_decides() -> None:
    rules = (
        PolicyRule(ruling="deny", tool="ssh.*", reason="No shells here."),
        PolicyRule(ruling="allow"),
    )

    assert judged(*rules, tool="ssh.run", risk="read") == Judgement(
        ruling="deny", reason="No shells here."
    )
    assert judged(*rules, tool="git.push").ruling == "allow"
    assert judged(*reversed(rules), tool="ssh.run").ruling == "allow"


def test_r7_no_rule_lets_a_destructive_action_pass_unasked() -> None:
    assert judged(PolicyRule(ruling="allow", risk="destructive"), risk="destructive") == Judgement(
        ruling="ask", reason="Destructive actions are always asked for."
    )


def test_r7_a_rule_can_forbid_a_destructive_action_or_say_why_it_asks() -> None:
    assert judged(PolicyRule(ruling="deny", risk="destructive"), risk="destructive").ruling == (
        "deny"
    )
    ask = PolicyRule(ruling="ask", reason="Call the owner first.")
    assert judged(ask, risk="destructive").reason == "Call the owner first."


def test_r7_a_rule_can_speak_about_arguments() -> None:
    allow = PolicyRule(
        ruling="allow",
        tool="kubernetes.apply",
        arguments={"namespace": "staging-*", "spec.replicas": "[1-3]"},
    )

    def ruling(arguments: JsonObject) -> Ruling:
        return judged(allow, tool="kubernetes.apply", arguments=arguments).ruling

    assert ruling({"namespace": "staging-a", "spec": {"replicas": 3}}) == "allow"
    assert ruling({"namespace": "staging-a", "spec": {"replicas": 30}}) == "ask"
    assert ruling({"namespace": "prod", "spec": {"replicas": 3}}) == "ask"
    assert ruling({"namespace": "staging-a"}) == "ask"
    assert ruling({"namespace": "staging-a", "spec": [3]}) == "ask"


def test_r7_an_argument_that_is_absent_matches_no_pattern() -> None:
    for ruling in RULINGS:
        assert not rule(ruling, force="*").matches(
            role="coder", tool="x", target="", risk="write", arguments={"other": True}
        )


@pytest.mark.parametrize(
    ("value", "pattern"),
    [(True, "true"), (None, "null"), (7, "7"), (0.5, "0.5"), ({"a": [1]}, '{"a": [[]1]}')],
)
def test_r7_values_that_are_no_text_are_compared_as_json_writes_them(
    value: object, pattern: str
) -> None:
    assert judged(rule("allow", x=pattern), arguments={"x": value}).ruling == "allow"  # type: ignore[dict-item]


def test_q2_a_list_is_allowed_only_as_the_whole_that_a_shell_would_write() -> None:
    allow = rule("allow", argv="git commit -m *")

    assert judged(allow, arguments={"argv": ["git", "commit", "-m", "fix it"]}).ruling == "allow"
    assert judged(allow, arguments={"argv": ["git", "commit -m x"]}).ruling == "ask"
    assert judged(allow, arguments={"argv": ["sh", "-c", "git commit -m x"]}).ruling == "ask"
    assert judged(allow, arguments={"argv": []}).ruling == "ask"


@pytest.mark.parametrize(
    "argv",
    [
        ["rm", "-rf", "/"],
        ["rm -rf /"],
        ["RM", "-rf", "/"],
        ["sh", "-c", "rm  -rf  /"],
        ["ｒｍ", "-rf"],
    ],
)
def test_q2_a_list_is_denied_by_any_element_or_by_the_whole(argv: list[str]) -> None:
    deny = rule("deny", argv="rm *")

    assert judged(deny, PolicyRule(ruling="allow"), arguments={"argv": argv}).ruling == "deny"


def test_q2_through_a_list_all_elements_must_be_allowed_and_one_is_enough_to_deny() -> None:
    mixed: JsonObject = {"items": [{"ns": "staging"}, {"ns": "prod"}]}
    partly: JsonObject = {"items": [{"ns": "staging"}, {}]}
    path = "items.ns"

    assert judged(rule("allow", **{path: "staging"}), arguments=mixed).ruling == "ask"
    assert judged(rule("allow", **{path: "staging"}), arguments=partly).ruling == "ask"
    assert judged(rule("deny", **{path: "prod"}), arguments=mixed).ruling == "deny"
    assert judged(rule("allow", **{path: "staging"}), arguments={"items": []}).ruling == "ask"


def test_r7_a_name_with_dots_is_found_as_a_key_too() -> None:
    labels: JsonObject = {"labels": {"app.kubernetes.io/name": "web"}}

    assert judged(rule("allow", **{"labels.app.kubernetes.io/name": "web"}), arguments=labels) == (
        Judgement(ruling="allow", reason="A rule of the policy is about git.push.")
    )


@pytest.mark.parametrize(
    "target",
    [
        "staging/../prod/web",
        "staging/..",
        "staging/a/../../prod",
        "staging/x ../prod",
        "staging/\\..\\x",
    ],
)
def test_q2_a_target_that_climbs_out_is_allowed_by_no_pattern_about_targets(target: str) -> None:
    assert judged(PolicyRule(ruling="allow", target="staging/*"), target=target).ruling == "ask"


def test_q2_a_range_of_revisions_does_not_count_as_climbing() -> None:
    allow = PolicyRule(ruling="allow", target="git diff *")

    assert judged(allow, target="git diff main..feature").ruling == "allow"


@pytest.mark.parametrize(
    "target",
    [
        "prod/web",
        "PROD/web",
        "./prod/web",
        "staging/../prod/web",
        "prod//web",
        "ｐrod/web",
        "prod/a\nb",
    ],
)
def test_q2_a_denied_target_is_found_in_every_spelling(target: str) -> None:
    rules = (PolicyRule(ruling="deny", target="prod/*"), PolicyRule(ruling="allow"))

    assert judged(*rules, target=target).ruling == "deny"


def test_q2_allowing_looks_at_case_and_at_the_whole_text() -> None:
    allow = PolicyRule(ruling="allow", tool="git.push", target="dev")

    for target in ("Dev", "dev2", "a dev", "dev\n", "dev ", ""):
        assert judged(allow, target=target).ruling == "ask", target
    assert judged(allow, tool="git.pushall", target="dev").ruling == "ask"


@given(st.lists(RULES, max_size=4), TEXT, st.sampled_from(("git.push", "files.read")))
def test_r7_a_destructive_action_is_never_just_done(
    rules: list[PolicyRule], target: str, tool: str
) -> None:
    assert judged(*rules, target=target, tool=tool, risk="destructive").ruling != "allow"


@given(st.lists(RULES, max_size=4), TEXT, st.sampled_from(RISKS))
def test_r7_denying_everything_first_denies_whatever_follows(
    rules: list[PolicyRule], target: str, risk: Risk
) -> None:
    assert judged(PolicyRule(ruling="deny"), *rules, target=target, risk=risk).ruling == "deny"


@given(TEXT, TEXT)
def test_q2_what_a_pattern_allows_it_would_also_deny(pattern: str, text: str) -> None:
    if judged(PolicyRule(ruling="allow", target=pattern), target=text).ruling == "allow":
        assert judged(PolicyRule(ruling="deny", target=pattern), target=text).ruling == "deny"


@given(TEXT, st.lists(TEXT, max_size=3))
def test_q2_what_a_pattern_allows_of_a_list_it_would_also_deny(
    pattern: str, words: list[str]
) -> None:
    if judged(rule("allow", argv=pattern), arguments={"argv": words}).ruling == "allow":
        assert judged(rule("deny", argv=pattern), arguments={"argv": words}).ruling == "deny"
