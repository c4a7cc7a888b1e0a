"""What a run has left behind is read without secrets, and nothing else is (U3, Q3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from support.api_server import Serving, serving
from support.command import CLUSTERS, LIMIT_SECONDS, Mas

SECRET = "canary-0123456789-canary"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A server with one run that has ended."""

    mas: Mas
    serving: Serving
    run: str

    @property
    def address(self) -> str:
        return f"/api/runs/{self.run}/artifacts"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    mas = Mas(tmp_path_factory.mktemp("artifacts") / "home")
    cluster = str(CLUSTERS / "homelab.json")
    run = mas("ask", "Should we adopt Tekton?", "--cluster", cluster, "--json").json["run_id"]
    with serving(mas, GITHUB_TOKEN=SECRET) as running:
        yield Made(mas=mas, serving=running, run=run)


def test_u3_artifacts_are_listed_and_read_without_secrets(
    made: Made,
) -> None:
    files = made.mas.home / "workspaces" / made.run
    (files / "deep").mkdir(parents=True)
    (files / "deep" / "한글 %2e.txt").write_text(f"token={SECRET}\n", encoding="utf-8")
    (files / "page.html").write_text("<script>alert(1)</script>")
    (files / "two\nlines? 100% <b>.txt").write_text("x\n")
    lines = "".join(f"{number:07}\n" for number in range(20_000))
    (files / "보고서.txt").write_text(lines, encoding="utf-8")
    (files / "bytes").write_bytes(b"a\0b")
    (files / "link").symlink_to("/etc/passwd")
    outputs = made.mas.home / "outputs" / made.run
    outputs.mkdir(parents=True)
    (outputs / "o1").write_text("whole output\n")
    with made.serving.client() as http:
        _check_artifacts(made, http, files)


def _check_artifacts(made: Made, http: httpx.Client, files: Path) -> None:
    told = http.get(made.address).json()
    items = {one["name"]: one for one in told["items"]}
    assert told["complete"]
    assert "files/link" not in items
    assert {one["kind"] for one in told["items"]} == {"record", "output", "file"}
    for one in told["items"]:
        got = http.get(one["href"])
        assert got.status_code == 200, one
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]
        assert SECRET not in got.text
    assert http.get(items["outputs/o1"]["href"]).text == "whole output\n"
    page = http.get(items["files/page.html"]["href"])
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    kept = http.get(items["files/bytes"]["href"])
    assert kept.headers["content-type"] == "application/octet-stream"
    assert kept.headers["content-disposition"].startswith("attachment")
    record = next(one for one in told["items"] if one["kind"] == "record")
    assert json.loads(http.get(record["href"]).text) is not None
    assert "files/two\nlines? 100% <b>.txt" in items
    long = items["files/보고서.txt"]["href"]
    pages, next_page = "", f"{long}?limit=5000"
    while next_page:
        got = http.get(next_page)
        assert len(got.content) <= 5000
        assert got.text.endswith("\n")
        pages += got.text
        next_page = got.links["next"]["url"] if "next" in got.links else ""
    assert pages == (files / "보고서.txt").read_text("utf-8")
    middle = http.get(f"{long}?offset=803&limit=4096")
    assert (middle.text[:8], middle.headers["x-artifact-offset"]) == ("0000100\n", "800")


@pytest.mark.parametrize(
    "name",
    [
        "files",
        "files/",
        "files/..",
        "files/../../mas.db",
        "files/%2e%2e/%2e%2e/mas.db",
        "files/..%2f..%2fmas.db",
        "files//etc/passwd",
        "files/deep",
        "files/link",
        "files/%00",
        "outputs/../../mas.db",
        "outputs/o2",
        "records/none/observe",
        "records/../x",
        "other/x",
        "/etc/passwd",
        "mas.db",
    ],
)
def test_q3_no_name_of_an_artifact_leads_anywhere_else(made: Made, name: str) -> None:
    # Other clients would tidy the address up before they send it.
    server = urlsplit(made.serving.url)
    connection = HTTPConnection(str(server.hostname), server.port, timeout=LIMIT_SECONDS)
    with closing(connection):
        connection.request("GET", f"{made.address}/{name}")
        answer = connection.getresponse()
        told = json.load(answer)
    assert (answer.status, told["code"]) == (404, "not_found")
