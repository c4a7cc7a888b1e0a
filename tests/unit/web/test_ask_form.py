"""From the request box to a request."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.app.clusters import NO_CLUSTER
from mas.app.fanout import FanoutAsk
from mas.core.budget import NO_BUDGET, Budget
from mas.core.errors import UserError
from mas.web.ask_form import SNAPSHOT, AskForm, FormFault


def test_u2_what_is_left_alone_is_left_to_mas() -> None:
    ask = AskForm(text="Should we?", budget="settings").to_ask()
    assert (ask.team, ask.cluster, ask.language, ask.budget) == (None, None, None, NO_BUDGET)
    assert not ask.fanout.asked_for


def test_u2_each_team_takes_the_fields_that_it_shows() -> None:
    form = AskForm(text="x", cluster="homelab", repo="/srv/shop", agents="7", coder="claude")
    decide = replace(form, team="decide").to_ask()
    assert decide.cluster == "homelab"
    assert decide.fanout == FanoutAsk()
    build = replace(form, team="build").to_ask()
    assert build.cluster is None
    assert build.fanout == FanoutAsk()
    fanout = replace(form, team="fanout", checks="pytest -q\n\n ruff check ").to_ask()
    assert fanout.cluster is None
    assert fanout.fanout == FanoutAsk(
        agents=7, repo="/srv/shop", coders=("claude",), checks=("pytest -q", "ruff check")
    )
    by_repository = form.to_ask()
    assert by_repository.team is None
    assert by_repository.fanout.repo == "/srv/shop"
    assert by_repository.fanout == FanoutAsk(repo="/srv/shop"), "the other fields are not seen"


def test_u2_a_cluster_is_a_context_a_file_or_none() -> None:
    assert AskForm(cluster=":snapshot", snapshot=" a.json ").to_ask().cluster == "a.json"
    assert AskForm(cluster=":none").to_ask().cluster == NO_CLUSTER
    with pytest.raises(FormFault) as caught:
        AskForm(cluster=":snapshot", snapshot=" ").to_ask()
    assert caught.value.field == "snapshot"


def test_r8_a_budget_is_a_choice_or_each_limit() -> None:
    middle = Budget(cost_micros=5_000_000, time=timedelta(minutes=30))
    assert AskForm(budget="middle").to_ask().budget == middle
    own = AskForm(budget="own", usd="$2.50", minutes="", tokens="1,000").to_ask().budget
    assert own == Budget(cost_micros=2_500_000, tokens=1000)
    assert AskForm(budget="own").to_ask().budget == NO_BUDGET
    for wrong in ("0", "-1", "x", "nan", "inf", "1e400"):
        with pytest.raises(FormFault) as caught:
            AskForm(budget="own", minutes=wrong).to_ask()
        assert caught.value.field == "minutes"


@pytest.mark.parametrize("agents", ["0", "11", "", "three", "-1", "²"])
def test_f1_only_one_to_ten_agents_can_be_had(agents: str) -> None:
    with pytest.raises(FormFault):
        AskForm(team="fanout", agents=agents).to_ask()
    assert 1 <= AskForm(agents=agents).shown_agents <= 10


@given(st.dictionaries(st.text(), st.text()), st.text(), st.text())
def test_u2_any_fields_are_a_form_or_a_fault(more: dict[str, str], text: str, minutes: str) -> None:
    form = AskForm.of({**more, "text": text, "budget": "own", "minutes": minutes})
    assert form.submission().isascii()
    assert len(form.submission()) <= 200
    with contextlib.suppress(FormFault):
        form.to_ask()


def test_r14_the_same_form_is_the_same_submission_and_an_edited_one_is_not() -> None:
    form = AskForm(text="x", key="k")
    assert form.submission() == AskForm(text="x", key="k").submission()
    others = (replace(form, text="y"), replace(form, key="l"), replace(form, agents="4"))
    assert len({one.submission() for one in (form, *others)}) == 4


def test_u2_an_error_finds_its_field() -> None:
    form = AskForm(text="x", cluster="homelab")
    assert form.field_of(UserError("x", code="cluster_unknown")) == "cluster"
    assert form.field_of(UserError("x", code="request_too_long")) == "text"
    assert form.field_of(UserError("x", code="something_else")) == ""
    assert form.retold(UserError("x", code="cluster_unknown")) is None


def test_u2_what_is_wrong_with_a_snapshot_file_stands_at_its_path() -> None:
    form = AskForm(text="x", cluster=SNAPSHOT, snapshot="/srv/lab.json")
    assert form.field_of(UserError("x", code="snapshot_unusable")) == "snapshot"
    assert form.field_of(UserError("x", code="unknown_team")) == "team"
    known = form.retold(UserError("x", code="cluster_unknown"))
    assert known is not None
    assert (known.field, known.values) == ("snapshot", {"path": "/srv/lab.json"})
    assert form.retold(UserError("x", code="snapshot_unusable")) is None
