"""The whole API keeps to its own description, whatever is sent to it: schemathesis (U3, Q1)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.api_server import serving
from support.api_world import api_world
from support.kubernetes_server import KubernetesServer
from support.live_reading import kubeconfig, small

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

EXAMPLES = 6
"""Random ones of each operation; the limits of each value come on top."""
LIMIT_SECONDS = 900

NOT_CHECKED = (
    # What fits the description can still be refused: a run that is not there, one that has ended.
    "positive_data_acceptance",
    # Query parameters and headers that nobody knows are no reason to refuse a request.
    "negative_data_rejection",
    # Whether what was removed is gone is tested where something is removed.
    "use_after_free",
    "ensure_resource_availability",
)


def configuration(runs: Mapping[str, str]) -> str:
    """Values that lead somewhere, so that more is met than refusals."""
    values = {
        "runs": tuple(runs.values()),
        "agents": ("coder", "researcher", "decider"),
        "tools": ("tekton", "argo-cd"),
        "approvals": ("a1",),
    }
    used = {
        "path.run_id": "runs",
        "path.name": "agents",
        "path.tool_id": "tools",
        "query.tool": "tools",
        "path.approval_id": "approvals",
    }
    lines = []
    for name, entries in values.items():
        listed = ", ".join(f'"{one}"' for one in entries)
        lines.append(f"[dictionaries.{name}]\nvalues = [{listed}]")
    # An agent could be called so, and GET is for agents.
    lines += [
        f'[[operations]]\ninclude-path = "/api/agents/{what}"\n'
        "checks.allow_header_conformance.enabled = false"
        for what in ("wipe", "checkpoint", "restore")
    ]
    # What this machine lacks (docker, a coder) is no fault of the server.
    lines += [
        f'[[operations]]\ninclude-operation-id = "{operation}"\n'
        'checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]'
        for operation in ("create_run", "orchestrate")
    ]
    lines.append("[parameters]")
    for place, name in used.items():
        lines.append(f'"{place}" = {{ dictionary = "{name}", probability = 0.7 }}')
    return "\n".join(lines)


def test_u3_whatever_is_sent_is_answered_as_the_document_says(tmp_path: Path) -> None:
    with KubernetesServer(small()) as cluster, api_world(tmp_path, "decide_en", "waits") as world:
        # Runs that are made from here on wait: what agents do is not what is looked at.
        world.page.serving.process.terminate()
        world.page.serving.process.wait(60)
        lab = kubeconfig(tmp_path, cluster.url)
        with serving(world.page.mas, "--no-worker", MAS_API_TOKENS=world.setting, **lab) as server:
            file = tmp_path / "schemathesis.toml"
            file.write_text(configuration(world.page.runs))
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(file)),
                    *("--no-color", "run", f"{server.url}/openapi.json"),
                    *("--header", f"Authorization: Bearer {world.tokens['admin']}"),
                    # Nobody works on runs here, so that nobody can wait for one.
                    *("--header", "Prefer: respond-async"),
                    *("--phases", "examples,coverage,fuzzing", "--exclude-checks"),
                    ",".join(NOT_CHECKED),
                    *("--max-examples", str(EXAMPLES), "--seed", "1"),
                    *("--generation-database", "none", "--request-timeout", "60"),
                    # Metrics are text of their own; containers are looked at in other tests.
                    *("--exclude-path", "/test-docker"),
                    *("--suppress-health-check", "all", "--warnings", "off"),
                ],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
                capture_output=True,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
            )
            with server.client(Authorization=f"Bearer {world.tokens['admin']}") as http:
                assert http.get("/ready").status_code == 200
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
