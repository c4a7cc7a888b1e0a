"""Answers on the pages of a real server: a decision, a fan-out with comparing and merging, a
cluster; with names and contents that nobody may believe (U2, U3, D4, D7, F5)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask, Service
from mas.testing.clusters import ClusterBuilder
from support.api_server import Serving, serving
from support.command import CLUSTERS, ROOT, Mas
from support.fanout_world import persons_repository, script_file
from support.markup import Markup, read_markup
from support.page_world import in_service

EVIL = "<script>alert(1)</script>"
EVIL_FILE = '<img src=x onerror=alert(1)>"\u202e.py'
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = {
    "agents": {
        "1": [
            {"write": EVIL_FILE, "text": f"{EVIL}\n\x1b[31mred\r\nx = '&lt;'\n"},
            {"write": "calc.py", "text": f"# {EVIL}\ndef add(a, b):\n    return a + b\n"},
            {"say": EVIL},
            {"commit": EVIL},
        ],
        "2": [
            {"write": "calc.py", "text": "def add(a, b):\n    return b + a  # other\n"},
            {"commit": "Other"},
        ],
    }
}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A server and its runs by name."""

    serving: Serving
    runs: dict[str, str]
    snapshot: Path

    def browser(self, language: str = "en") -> httpx.Client:
        return self.serving.client(**HTML, **{"Accept-Language": language})


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Runs that have ended before the server starts."""
    folder = tmp_path_factory.mktemp("answers")
    mas = Mas(folder / "home")
    mas.environment["KUBECONFIG"] = _kubeconfig(folder)
    snapshot = _hostile_cluster(folder)
    (folder / "a").mkdir()
    greet = f"script:{ROOT / 'examples' / 'fanout' / 'greet.json'}"
    hostile = script_file(folder / "a", HOSTILE)
    asks = {
        "decide": Ask(
            text="Tekton 도입 여부를 결정해줘",
            cluster=str(CLUSTERS / "homelab.json"),
            no_model=True,
        ),
        "evil": Ask(text="Should we adopt Tekton?", cluster=str(snapshot), no_model=True),
        "fanout": _fanout("Write greet.py", folder / "one", 3, greet),
        "hostile": _fanout(EVIL, folder / "two", 2, hostile),
    }

    async def work(service: Service) -> dict[str, str]:
        made = {name: (await service.submit(ask)).id for name, ask in asks.items()}
        await asyncio.gather(*(service.drive(run_id) for run_id in made.values()))
        return made

    runs = in_service(mas, work)
    with serving(mas) as running:
        yield Answers(serving=running, runs=runs, snapshot=snapshot)


def _fanout(text: str, repository: Path, agents: int, coder: str) -> Ask:
    named = str(persons_repository(repository))
    wish = FanoutAsk(agents=agents, repo=named, coders=(coder,), checks=("python3 check.py",))
    return Ask(text=text, team="fanout", fanout=wish, cluster=":none")


def _hostile_cluster(folder: Path) -> Path:
    world = ClusterBuilder().storage_class("local-path", default=True)
    world.node(f"w-{EVIL}", cpu="8", memory="16Gi")
    world.deployment(f"ns-{EVIL}", f"gitea-{EVIL}", "docker.gitea.com/gitea:1.24.2", ready=0)
    file = folder / "evil.json"
    file.write_text(json.dumps(world.as_list()), encoding="utf-8")
    return file


def _kubeconfig(folder: Path) -> str:
    """A context whose server is not there."""
    file = folder / "kubeconfig"
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}}],
                "users": [{"name": "me", "user": {"token": "t"}}],
                "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "me"}}],
            }
        )
    )
    return str(file)


def read(client: httpx.Client, path: str, status: int = 200) -> tuple[str, Markup]:
    """A page that harms nobody."""
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    found = read_markup(answer.text)
    found.check_harmless()
    assert all(one.get("src") for one in found.all("script"))
    assert len(found.all("h1")) == 1
    return answer.text, found


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Not recommended", "− against", "What would change the verdict", "Alternatives")),
        ("ko", ("권장하지 않음", "− 반대", "판정이 바뀌는 조건", "대안")),
    ],
)
def test_u2_a_decision_is_answered_first_with_its_evidence(
    answers: Answers, language: str, words: tuple[str, ...]
) -> None:
    with answers.browser(language) as client:
        html, found = read(client, f"/runs/{answers.runs['decide']}")
    for word in (*words, "Deployment/gitea/act-runner", "status.readyReplicas", "worker-2"):
        assert word in found.text, word
    assert html.count('fill="url(#hatch)"') > 2
    assert "more.css" in html


def test_u3_names_of_a_cluster_are_text_on_every_page(answers: Answers) -> None:
    with answers.browser() as client:
        html, _ = read(client, f"/runs/{answers.runs['evil']}")
        assert "&lt;script&gt;" in html
        html, found = read(client, f"/cluster?name={answers.snapshot}&tool=tekton")
    assert "<script>alert" not in html
    assert f"gitea-{EVIL}" in found.text
    assert "Needs repair" in found.text or "Partly installed" in found.text


@pytest.mark.parametrize("language", ["en", "ko"])
def test_f5_a_ranking_leads_to_checks_comparison_and_merge(answers: Answers, language: str) -> None:
    run = answers.runs["fanout"]
    with answers.browser(language) as client:
        html, found = read(client, f"/runs/{run}")
    for number in (1, 2, 3):
        assert f'id="agent-{number}"' in html
        assert f"agent-{number}" in found.text
    assert f'action="/runs/{run}/merge"' in html
    assert f'action="/runs/{run}/compare"' in html
    assert "python3 check.py" in found.text
    assert f"runs/run_{run}/worktrees/agent-1" in found.text


def test_f5_two_agents_stand_side_by_side_and_one_against_the_base(answers: Answers) -> None:
    run = answers.runs["fanout"]
    with answers.browser() as client:
        html, found = read(client, f"/runs/{run}/compare?a=1&b=3")
        assert 'class="sg a">A<' in html
        assert 'class="sg b">B<' in html
        assert "greeting" in found.text
        html, found = read(client, f"/runs/{run}/compare?a=3&b=base")
        assert 'class="sg b">+<' in html
        _, found = read(client, f"/runs/{run}/compare?a=2&b=2")
        assert "Nothing differs" in found.text
        raw = client.get(f"/runs/{run}/compare.diff?a=1&b=3")
        read(client, f"/runs/{run}/compare?a=9&b=1", status=404)
        read(client, f"/runs/{answers.runs['decide']}/compare", status=409)
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.text.startswith("diff --git")


def test_u3_files_of_an_agent_are_text_on_the_page(answers: Answers) -> None:
    run = answers.runs["hostile"]
    with answers.browser() as client:
        for path in (f"/runs/{run}", f"/runs/{run}/compare?a=base&b=1"):
            html, _ = read(client, path)
            assert "<script>alert" not in html
            assert "<img src=x" not in html
            assert "&lt;script&gt;" in html
        html, _ = read(client, f"/runs/{run}/compare?a=base&b=1")
    for sign in ("ESC", "CR", "U+202E"):
        assert f'<span class="ctl">{sign}</span>' in html


def test_f5_merging_goes_on_to_its_outcome_and_a_conflict_moves_nothing(answers: Answers) -> None:
    run = answers.runs["fanout"]
    with answers.browser() as client:
        page = client.get(f"/runs/{run}").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf is not None
        form = {"csrf": csrf[1], "agent": "1", "into": "", "deliver": "yes"}
        assert client.post(f"/runs/{run}/merge", data={**form, "csrf": "x"}).status_code == 403
        done = client.post(f"/runs/{run}/merge", data=form)
        assert done.status_code == 303
        where = done.headers["location"]
        _, found = read(client, where)
        assert "main" in found.text
        assert f"mas/run_{run}" in found.text
        clash = client.post(f"/runs/{run}/merge", data={"csrf": csrf[1], "agent": "3"})
        _, found = read(client, clash.headers["location"])
        assert "nothing was moved" in found.text
        assert "greet.py" in found.text
        # Nobody can make up an outcome, nor show that of another run.
        _, found = read(client, where.replace(run, answers.runs["hostile"]))
        assert "can no longer be shown" in found.text
        _, found = read(client, where[:-6] + "AAAAAA")
        assert "can no longer be shown" in found.text
        refused = client.post(f"/runs/{run}/merge", data={"csrf": csrf[1], "agent": "1; rm"})
        assert refused.status_code == 404


def test_d4_a_cluster_shows_its_tools_and_what_its_nodes_have_left(answers: Answers) -> None:
    with answers.browser("ko") as client:
        homelab = CLUSTERS / "homelab.json"
        html, found = read(client, f"/cluster?name={homelab}&tool=tekton")
    for word in ("Gitea", "Argo CD", "worker-1", "Tekton Pipelines 파드", "정상"):
        assert word in found.text, word
    assert "team=decide" in html


def test_u2_a_cluster_that_is_not_there_is_said_with_what_to_do(answers: Answers) -> None:
    with answers.browser() as client:
        _, found = read(client, "/cluster?name=gone", status=503)
        assert "gone does not answer" in found.text
        assert "Try again" in found.text
        _, found = read(client, "/cluster")
        assert "No cluster is chosen" in found.text
        assert any(one.get("href") == "/cluster?name=gone" for one in found.all("a"))
        _, found = read(client, "/cluster?name=/nowhere/at/all.json", status=422)
        assert "cannot be read" in found.text
