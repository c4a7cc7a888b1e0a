"""`decide` with a model, end to end: real command, real HTTP, a scripted provider (D7, A5, Q2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from mas.testing.models import Fault, ScriptedModelServer
from support.command import CLUSTERS, Mas
from support.scripted_home import KEY, Protocol, helpful, lying, mas_with_model

pytestmark = pytest.mark.e2e

HOMELAB = str(CLUSTERS / "homelab.json")
REQUESTS = {"ko": "Tekton 도입 여부를 결정해줘", "en": "Should we adopt Tekton?"}
CANARY = "canary-value-7f3a9c55"


@pytest.mark.parametrize("protocol", get_args(Protocol))
@pytest.mark.parametrize("language", ["ko", "en"])
def test_d7_a_model_explains_what_the_rules_have_decided(
    tmp_path: Path, protocol: Protocol, language: str
) -> None:
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, protocol)
        done = mas("ask", REQUESTS[language], "--cluster", HOMELAB, "--json")
        asked = server.asked
    by_rules = Mas(tmp_path / "rules")("ask", REQUESTS[language], "--cluster", HOMELAB, "--json")

    assert done.code == 0, done.err
    answer, plain = done.json, by_rules.json
    assert answer["language"] == language
    assert answer["result"]["verdict"] == "do_not_recommend"
    assert set(answer) == set(plain)
    assert set(answer["result"]) == set(plain["result"])
    assert answer["result"]["reasons"] == plain["result"]["reasons"]
    heading = "## 설명" if language == "ko" else "## Explanation"
    assert heading in answer["report"]
    assert heading not in plain["report"]
    assert answer["usage"]["input_tokens"] > 0
    assert answer["usage"]["cost_usd"] > 0
    assert plain["usage"]["input_tokens"] == 0
    assert {request.protocol for request in asked} == {protocol}
    assert 1 <= len(asked) <= 3


def test_a5_requests_to_anthropic_mark_what_the_provider_may_cache(tmp_path: Path) -> None:
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        assert mas("ask", REQUESTS["en"], "--cluster", HOMELAB, "--json").code == 0
        bodies = [json.dumps(request.body) for request in server.asked]

    assert all('"cache_control"' in body for body in bodies)


@pytest.mark.parametrize("protocol", get_args(Protocol))
def test_d7_a_model_that_lies_changes_neither_verdict_nor_facts(
    tmp_path: Path, protocol: Protocol
) -> None:
    with ScriptedModelServer(lying, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, protocol)
        done = mas("ask", REQUESTS["en"], "--cluster", HOMELAB, "--json")
        calls = len(server.asked)
    by_rules = Mas(tmp_path / "rules")("ask", REQUESTS["en"], "--cluster", HOMELAB, "--json")

    assert done.code == 0, done.err
    lied, plain = done.json["result"], by_rules.json["result"]
    for result in (lied, plain):
        for one in result["evidence"].values():
            one.pop("read_at")
        result["cluster"].pop("read_at")
    assert lied == plain
    report = done.json["report"]
    for lie in ("977", "SuperDeployer", "88.7", "phantom", "42 teams", "adopt Tekton at once"):
        assert lie not in report, lie
    assert "recommend" in report  # the disagreement is shown, beside the verdict that stands
    assert calls <= 6


def test_q3_no_secret_reaches_prompt_event_log_or_report(tmp_path: Path) -> None:
    """A canary in the environment, the kubeconfig, a Secret and a ConfigMap is found nowhere."""
    cluster = json.loads(Path(HOMELAB).read_text(encoding="utf-8"))
    canaries = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "db", "namespace": "default"},
            "data": {"password": CANARY},
            "stringData": {"other": CANARY},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "conf", "namespace": "default"},
            "data": {"token": CANARY},
        },
    ]
    for item in cluster["items"]:
        if item["kind"] == "Deployment":
            (container, *_) = item["spec"]["template"]["spec"]["containers"]
            container.setdefault("env", []).append({"name": "API_TOKEN", "value": CANARY})
            break
    cluster["items"] += canaries
    snapshot = tmp_path / "cluster.json"
    snapshot.write_text(json.dumps(cluster), encoding="utf-8")
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        mas.environment["DATABASE_PASSWORD"] = CANARY
        done = mas("ask", REQUESTS["en"], "--cluster", str(snapshot), "--json")
        said = "".join(json.dumps(one.body) + str(dict(one.headers)) for one in server.requests)
        run = done.json["run_id"]
    events = mas("runs", "watch", run, "--json")
    shown = mas("runs", "show", run, "--json")

    assert done.code == 0, done.err
    everything = said + done.out + done.err + events.out + shown.out
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file() and path.name != "mas.toml":
            everything += path.read_bytes().decode("utf-8", "replace")
    assert CANARY not in everything
    assert KEY not in everything


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        (Fault(kind="status", status=401), 2, "key"),
        (Fault(kind="status", status=404), 2, "is not known"),
    ],
)
def test_q1_a_mistake_in_the_settings_fails_the_run_and_keeps_the_decision(
    tmp_path: Path, fault: Fault, code: int, word: str
) -> None:
    with ScriptedModelServer(lambda request: fault) as server:
        mas = mas_with_model(tmp_path / "home", server, "openai")
        done = mas("ask", REQUESTS["en"], "--cluster", HOMELAB, "--json")

    assert done.code == code, done.err
    assert done.json["status"] == "failed"
    assert word in done.json["error"]["message"].lower()
    assert done.json["result"]["verdict"] == "do_not_recommend"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500),
        Fault(kind="status", status=529),
        Fault(kind="malformed"),
        Fault(kind="wrong_schema"),
        Fault(kind="overlong"),
        Fault(kind="cut"),
    ],
    ids=lambda fault: f"{fault.kind}-{getattr(fault, 'status', '')}",
)
def test_q1_a_model_that_is_of_no_use_leaves_the_decision_to_the_rules_and_says_so(
    tmp_path: Path, fault: Fault
) -> None:
    with ScriptedModelServer(lambda request: fault) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        with (tmp_path / "home" / "mas.toml").open("a", encoding="utf-8") as file:
            file.write("")
        done = mas("ask", REQUESTS["en"], "--cluster", HOMELAB, "--json")

    assert done.code == 0, done.err
    assert done.json["result"]["verdict"] == "do_not_recommend"
    assert "explanation" in done.json["report"].lower()


def test_r8_a_budget_that_is_too_small_for_a_call_ends_with_code_4_and_the_decision(
    tmp_path: Path,
) -> None:
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        done = mas("ask", REQUESTS["en"], "--cluster", HOMELAB, "--budget-tokens", "100", "--json")
        assert server.asked == ()

    assert done.code == 4, done.err
    assert done.json["result"]["verdict"] == "do_not_recommend"
    assert "100 tokens" in done.json["error"]["message"]
    assert done.json["usage"]["input_tokens"] == 0
