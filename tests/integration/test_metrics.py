"""`/metrics` of a real server: what it says after runs, who may read it, who can (P3)."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client import parser

from mas.core.access_tokens import new_access_token
from mas.testing.models import ScriptedModelServer
from support.api_server import Serving, serving
from support.command import CLUSTERS, LIMIT_SECONDS, Mas
from support.mcp_door import call, over_http
from support.required import not_here
from support.scripted_home import KEY, helpful, mas_with_model

VIEWER = "mas_viewer-0123456789abcdef"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def get(server: Serving, path: str, **headers: str) -> httpx.Response:
    with server.client(**headers) as http:
        return http.get(path)


def scraped(server: Serving, **headers: str) -> dict[str, float]:
    """All samples by name with sorted labels."""
    answer = get(server, "/metrics", **headers)
    assert answer.status_code == 200
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in parser.text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def total(found: dict[str, float], name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels."""
    wanted = [str(pair) for pair in labels.items()]
    return sum(
        value
        for sample, value in found.items()
        if sample.startswith(f"{name}[") and all(pair in sample for pair in wanted)
    )


@pytest.mark.slow
async def test_p3_runs_tasks_models_and_requests_are_counted(tmp_path: Path) -> None:
    with ScriptedModelServer(helpful, key=KEY) as model:
        mas = mas_with_model(tmp_path / "home", model, "anthropic")
        with serving(mas) as server:
            async with over_http(server.url) as client:
                asked = await call(
                    client,
                    "decide",
                    question="Should we adopt Tekton?",
                    cluster=str(CLUSTERS / "homelab.json"),
                )
            for run in (asked["run_id"], "20200101_000000_00000000"):
                get(server, f"/api/runs/{run}")
            found = scraped(server)
            _accepted_by_promtool(server)
            answer = get(server, "/metrics", Accept=OPEN_METRICS)

    assert total(found, "mas_runs", team="decide", status="succeeded") == 1
    assert total(found, "mas_run_seconds_count", team="decide", status="succeeded") == 1
    assert total(found, "mas_task_seconds_count", role="decider", state="succeeded") == 1
    assert total(found, "mas_tokens_total", direction="input") > 0
    assert total(found, "mas_cost_usd_total") > 0
    assert total(found, "mas_model_request_seconds_count", ok="true") == len(model.asked)
    route = "/api/runs/{run_id}"
    assert total(found, "mas_http_request_seconds_count", route=route, status="200") == 1
    assert total(found, "mas_http_request_seconds_count", route=route, status="404") == 1
    assert total(found, "mas_http_request_seconds_count", route="/mcp", status="200") > 0
    assert total(found, "mas_build_info") == 1
    assert not any(asked["run_id"] in sample for sample in found)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def _accepted_by_promtool(server: Serving) -> None:
    """Where the tools of Prometheus are installed, they find nothing to say."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return
    text = get(server, "/metrics").text
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=text,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_u3_metrics_need_a_viewer_where_tokens_are_set(tmp_path: Path) -> None:
    token = new_access_token("prometheus", "viewer", VIEWER)
    with serving(Mas(tmp_path / "home"), MAS_API_TOKENS=token.entry) as server:
        refused = get(server, "/metrics")
        assert refused.status_code == 401
        found = scraped(server, Authorization=f"Bearer {VIEWER}")
    assert total(found, "mas_http_request_seconds_count", route="none", status="401") == 1
    assert total(found, "mas_http_open_streams") == 0


@pytest.mark.e2e
def test_p3_a_real_prometheus_scrapes_it(tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        not_here("there is no Prometheus on this machine (scripts/programs.sh metrics)")
    token = new_access_token("prometheus", "viewer", VIEWER)
    with serving(Mas(tmp_path / "home"), MAS_API_TOKENS=token.entry) as server:
        (tmp_path / "token").write_text(VIEWER)
        (tmp_path / "prometheus.yml").write_text(
            "scrape_configs:\n"
            "  - job_name: mas\n"
            "    scrape_interval: 1s\n"
            f"    authorization: {{credentials_file: {tmp_path}/token}}\n"
            f"    static_configs: [{{targets: ['{server.url.removeprefix('http://')}']}}]\n"
        )
        process = subprocess.Popen(
            [
                program,
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/data",
                "--web.listen-address=127.0.0.1:0",
                "--log.level=info",
            ],
            env={"PATH": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            series = _scraped_by(_address(process))
        finally:
            process.kill()
            process.communicate(timeout=LIMIT_SECONDS)
    assert series["up"] == "1"
    assert "mas_build_info" in series
    assert "mas_http_request_seconds_count" in series


def _address(process: subprocess.Popen[str]) -> str:
    """Where Prometheus says that it listens."""
    assert process.stderr is not None
    for line in process.stderr:
        if "Listening on" in line and "address=" in line:
            return line.partition("address=")[2].split()[0]
    raise AssertionError("Prometheus has ended")


def _scraped_by(address: str) -> dict[str, str]:
    """The newest values by name, once two scrapes have counted each other."""
    query = {"query": '{job="mas"}'}
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            found = httpx.get(
                f"http://{address}/api/v1/query", params=query, trust_env=False, timeout=30
            ).json()["data"]["result"]
        except (httpx.TransportError, ValueError, KeyError):
            found = []
        series = {one["metric"]["__name__"]: one["value"][1] for one in found}
        if "mas_http_request_seconds_count" in series:
            return series
        time.sleep(0.1)
    raise AssertionError(f"nothing was scraped: {sorted(series)}")
