"""What Prometheus is given: both formats, no series too many, what the journal says (P3)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from mas.adapters.telemetry.prometheus import MOST_MODELS, OTHER, PrometheusTelemetry
from mas.core.overview import Counts
from mas.core.run import RunStatus, TaskState
from mas.core.usage import Usage
from support.command import ROOT

NONE = Counts(runs={}, tasks={})
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SECOND = timedelta(seconds=1)


def busy() -> PrometheusTelemetry:
    """One that has been told something of everything."""
    told = PrometheusTelemetry()
    told.task_ended(role="coder", team="build", state=TaskState.SUCCEEDED, took=2 * SECOND)
    told.attempt_failed(role="coder", code="model_timeout")
    told.run_ended(team="build", status=RunStatus.FAILED, stop_reason="error", took=SECOND)
    told.run_ended(team="build", status=RunStatus.CANCELLED, stop_reason=None, took=SECOND)
    told.spent(
        role="coder", model="a:b", usage=Usage(input_tokens=7, output_tokens=3, cost_micros=1500)
    )
    told.model_call(model="a:b", took=SECOND, ok=True)
    told.model_call(model="a:b", took=SECOND, ok=False)
    told.http_request(method="GET", route="/api/runs/{run_id}", status=200, took=SECOND / 100)
    told.stream_began()
    told.stream_began()
    told.stream_ended()
    return told


def samples(told: PrometheusTelemetry, counts: Counts = NONE) -> dict[str, float]:
    """All samples by name and labels, as they stand in the text."""
    body, _ = told.exposition("", counts=counts)
    lines = (line for line in body.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_p3_what_was_told_is_counted_by_role_model_and_route() -> None:
    found = samples(busy())

    labels = 'role="coder",state="succeeded",team="build"'
    assert found[f"mas_task_seconds_sum{{{labels}}}"] == 2
    assert found[f'mas_task_seconds_bucket{{le="1.0",{labels}}}'] == 0
    assert found[f'mas_task_seconds_bucket{{le="5.0",{labels}}}'] == 1
    assert found['mas_task_failures_total{code="model_timeout",role="coder"}'] == 1
    assert found['mas_tokens_total{direction="input",model="a:b",role="coder"}'] == 7
    assert found['mas_tokens_total{direction="output",model="a:b",role="coder"}'] == 3
    assert found['mas_cost_usd_total{model="a:b",role="coder"}'] == pytest.approx(0.0015)
    assert found['mas_model_request_seconds_count{model="a:b",ok="false"}'] == 1
    route = 'method="GET",route="/api/runs/{run_id}",status="200"'
    assert found[f"mas_http_request_seconds_count{{{route}}}"] == 1
    assert found["mas_http_open_streams"] == 1


def test_p3_runs_and_tasks_are_those_of_the_journal_at_each_scrape() -> None:
    told = busy()
    counts = Counts(
        runs={("decide", RunStatus.SUCCEEDED): 4, ("build", RunStatus.RUNNING): 1},
        tasks={("coder", TaskState.READY): 2},
    )
    found = samples(told, counts)
    assert found['mas_runs{status="succeeded",team="decide"}'] == 4
    assert found['mas_tasks{role="coder",state="ready"}'] == 2
    assert not [name for name in samples(told) if name.startswith("mas_runs{")]


def test_p3_the_format_is_negotiated_and_both_can_be_read() -> None:
    told = busy()
    body, kind = told.exposition("text/html", counts=NONE)
    assert kind.startswith("text/plain; version=0.0.4")
    plain = {family.name for family in parser.text_string_to_metric_families(body.decode())}
    body, kind = told.exposition(OPEN_METRICS, counts=NONE)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    families = {one.name for one in openmetrics.text_string_to_metric_families(body.decode())}
    assert {"mas_task_seconds", "mas_tokens", "mas_build"} <= families
    assert "mas_task_seconds" in plain
    assert b"_created" not in body


def test_p3_a_client_cannot_make_series_without_end() -> None:
    told = PrometheusTelemetry()
    for number in range(MOST_MODELS + 20):
        told.model_call(model=f"made:up-{number}", took=SECOND, ok=False)
        told.http_request(method=f"BREW{number}", route="none", status=405, took=SECOND)
    names = samples(told)
    models = [name for name in names if name.startswith("mas_model_request_seconds_count")]
    assert len(models) == MOST_MODELS + 1
    assert names[f'mas_model_request_seconds_count{{model="{OTHER}",ok="false"}}'] == 20
    methods = [name for name in names if name.startswith("mas_http_request_seconds_count")]
    assert len(methods) == 1


def test_p3_two_services_in_one_process_count_apart() -> None:
    one, two = busy(), PrometheusTelemetry()
    assert any("a:b" in name for name in samples(one))
    assert not any("a:b" in name for name in samples(two))


def test_p3_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    body, _ = busy().exposition("", counts=NONE)
    there = set(re.findall(r"^# TYPE (mas_\w+) ", body.decode(), re.MULTILINE))
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(mas_\w+)`", text, re.MULTILINE)) == there
