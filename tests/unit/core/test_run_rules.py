"""Small rules of runs: ids, retries, budget, usage, failures, JSON values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.budget import Account, Budget
from mas.core.errors import (
    BudgetReached,
    Bug,
    MasError,
    Permanent,
    Refused,
    Transient,
    UserError,
)
from mas.core.failure import Failure
from mas.core.ids import is_run_id, run_id
from mas.core.retry import RetryPolicy
from mas.core.usage import NOTHING, Usage
from mas.core.values import decode_json, encode_json


def test_r1_a_run_id_is_the_time_in_utc_and_eight_hex_digits() -> None:
    seoul = timezone(timedelta(hours=9))

    assert run_id(datetime(2026, 3, 4, 5, 6, 7, tzinfo=seoul), "0a1b2c3d") == (
        "20260303_200607_0a1b2c3d"
    )


@pytest.mark.parametrize("token", ["", "0a1b2c3", "0A1B2C3D", "0a1b2c3d4", "zzzzzzzz"])
def test_r1_a_token_that_is_not_eight_hex_digits_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="eight"):
        run_id(datetime(2026, 1, 1, tzinfo=UTC), token)


@pytest.mark.parametrize(
    "text", ["", "20260303_200607", "20260303_200607_0a1b2c3d ", "../20260303_200607_0a1b2c3d"]
)
def test_r1_other_text_is_no_run_id(text: str) -> None:
    assert not is_run_id(text)


def test_r4_only_transient_errors_are_retried() -> None:
    policy = RetryPolicy()

    assert policy.delay(Transient("down"), 1) is not None
    for error in (UserError("x"), Refused("x"), Permanent("x"), Bug("x")):
        assert policy.delay(error, 1) is None


def test_r4_delays_grow_to_a_limit_and_end_with_the_last_try() -> None:
    policy = RetryPolicy(
        max_failures=5, first_delay=timedelta(seconds=1), factor=3, max_delay=timedelta(seconds=5)
    )

    delays = [policy.delay(Transient("down"), failures) for failures in range(1, 6)]

    assert delays == [
        timedelta(seconds=1),
        timedelta(seconds=3),
        timedelta(seconds=5),
        timedelta(seconds=5),
        None,
    ]


def test_r4_the_wait_that_an_error_asks_for_is_honoured() -> None:
    error = Transient("busy", retry_after=timedelta(seconds=90))

    assert RetryPolicy().delay(error, 1) == timedelta(seconds=90)


@given(st.integers(min_value=1, max_value=10_000))
def test_r4_no_number_of_failures_breaks_the_delay(failures: int) -> None:
    policy = RetryPolicy(max_failures=20_000)

    delay = policy.delay(Transient("down"), failures)

    assert delay is not None
    assert policy.first_delay <= delay <= policy.max_delay


def test_r8_a_promise_counts_against_the_budget_until_it_is_settled() -> None:
    account = Account(budget=Budget(tokens=100)).reserve(Usage(input_tokens=80))

    with pytest.raises(BudgetReached, match="100 tokens"):
        account.reserve(Usage(output_tokens=21))

    settled = account.settle(Usage(input_tokens=80), Usage(input_tokens=10))
    assert settled.reserve(Usage(output_tokens=90)).spent == Usage(input_tokens=10)


@pytest.mark.parametrize(
    ("budget", "amount", "words"),
    [
        (Budget(cost_micros=1_500_000), Usage(cost_micros=1_500_001), "1.5 USD"),
        (Budget(time=timedelta(seconds=90)), Usage(time=timedelta(seconds=91)), "90 seconds"),
    ],
)
def test_r8_cost_and_time_are_limited_too(budget: Budget, amount: Usage, words: str) -> None:
    with pytest.raises(BudgetReached, match=words):
        Account(budget=budget).reserve(amount)


amounts = st.builds(
    Usage,
    input_tokens=st.integers(0, 50),
    output_tokens=st.integers(0, 50),
    cost_micros=st.integers(0, 50),
)


@given(st.lists(st.tuples(amounts, amounts), max_size=12), st.integers(0, 200))
def test_r8_promises_never_exceed_the_budget_and_all_are_given_back(
    calls: list[tuple[Usage, Usage]], limit: int
) -> None:
    account = Account(budget=Budget(tokens=limit))
    open_calls = []
    for most, actual in calls:
        try:
            account = account.reserve(most)
        except BudgetReached:
            continue
        assert (account.spent + account.reserved).tokens <= limit
        open_calls.append((most, actual))
    for most, actual in open_calls:
        account = account.settle(most, actual)

    assert account.reserved == NOTHING
    assert account.spent == sum((actual for _, actual in open_calls), start=NOTHING)


def test_r1_usage_is_shown_in_the_shape_of_the_contract() -> None:
    usage = Usage(
        input_tokens=3, output_tokens=4, cost_micros=1_250_000, time=timedelta(seconds=0.9004)
    )

    assert usage.to_json() == {
        "input_tokens": 3,
        "output_tokens": 4,
        "cost_usd": 1.25,
        "seconds": 0.9,
    }


@pytest.mark.parametrize(
    "error",
    [UserError, Refused, BudgetReached, Transient, Permanent, Bug],
)
def test_q1_a_failure_keeps_the_branch_of_its_error(error: type[MasError]) -> None:
    failure = Failure.of(error("What happened.", hint="What to do.", code="c"))

    restored = failure.to_error()

    assert type(restored) is error
    assert (restored.message, restored.hint, restored.code) == (
        "What happened.",
        "What to do.",
        "c",
    )


def test_a_value_that_json_cannot_say_is_a_bug_that_names_it() -> None:
    with pytest.raises(Bug, match=r"The value of act cannot be stored as JSON"):
        encode_json({"x": object()}, what="The value of act")


def test_text_that_is_no_unicode_is_a_bug_and_no_crash() -> None:
    with pytest.raises(Bug, match="JSON"):
        encode_json("\ud800")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(json_values)
def test_json_values_come_back_as_they_were(value: object) -> None:
    assert decode_json(encode_json(value)) == value
