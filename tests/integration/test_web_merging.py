"""Merging on the page of a real server, with a command that takes it back; and a run of which
nothing can be merged (F5, U2)."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask, Service
from support.api_server import Serving, serving
from support.command import Mas
from support.fanout_world import CALC, FIXED, git, persons_repository, run_folder, script_file
from support.markup import read_markup
from support.page_world import in_service

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html"}
WORKS = {
    "agents": {
        "1": [
            {"write": "calc.py", "text": FIXED},
            {"commit": "Fix add"},
            {"write": "one.txt", "text": "1\n"},
            {"commit": "Tell of it"},
        ],
        "2": [{"write": "two.txt", "text": "2\n"}, {"commit": "Two"}],
        "3": [{"fail": "no more", "exit": 3}],
    }
}
IDLE = {"agents": {"1": [{"say": "Nothing to do."}], "2": [{"fail": "no more", "exit": 3}]}}
ME = ("-c", "user.name=me", "-c", "user.email=me@example.invalid")


@dataclass(frozen=True, kw_only=True)
class Fans:
    """A server, its home, and its runs by name."""

    serving: Serving
    mas: Mas
    runs: dict[str, str]

    def browser(self, language: str = "en") -> httpx.Client:
        return self.serving.client(**HTML, **{"Accept-Language": language})


@pytest.fixture(scope="module")
def fans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fans]:
    """Two runs that have ended before the server starts."""
    folder = tmp_path_factory.mktemp("merging")
    mas = Mas(folder / "home")
    asks = {
        "works": _fanout(folder / "works", 3, WORKS),
        "idle": _fanout(folder / "idle", 2, IDLE),
    }

    async def work(service: Service) -> dict[str, str]:
        made = {name: (await service.submit(ask)).id for name, ask in asks.items()}
        await asyncio.gather(*(service.drive(run_id) for run_id in made.values()))
        return made

    runs = in_service(mas, work)
    with serving(mas) as running:
        yield Fans(serving=running, mas=mas, runs=runs)


def _fanout(folder: Path, agents: int, steps: object) -> Ask:
    folder.mkdir()
    repository = str(persons_repository(folder / "repository"))
    (Path(repository) / "check.py").unlink()
    wish = FanoutAsk(agents=agents, repo=repository, coders=(script_file(folder, steps),))
    return Ask(text="Fix add", team="fanout", fanout=wish, cluster=":none")


def merged(client: httpx.Client, run: str, agent: int) -> str:
    """Merge by the form; the text of the page after it."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(f"/runs/{run}").text)
    assert csrf is not None
    form = {"csrf": csrf[1], "agent": str(agent), "into": ""}
    done = client.post(f"/runs/{run}/merge", data=form)
    assert done.status_code == 303, done.text
    return client.get(done.headers["location"]).text


def undo_in(page: str) -> list[str]:
    found = re.search(r"<code>(git revert [^<]+)</code>", page)
    assert found is not None, read_markup(page).text
    return shlex.split(found[1])


def test_f5_each_merge_comes_with_the_command_that_takes_just_it_back(
    fans: Fans, tmp_path: Path
) -> None:
    run = fans.runs["works"]
    there = run_folder(fans.mas, run)
    with fans.browser() as client:
        page = client.get(f"/runs/{run}").text
        assert "git revert" not in page, "it cannot be told before there is a merge"
        assert "is in main" not in page
        forward, merge = merged(client, run, 1), merged(client, run, 2)
        assert "moved forward" in read_markup(forward).text
        assert "was merged into" in read_markup(merge).text
        assert "git revert" not in merged(client, run, 2), "nothing was moved"
        html = client.get(f"/runs/{run}").text
        text = read_markup(html).text
        assert "The work of agent 1 is in main." in text
        assert "The work of agent 2 is in main." in text
        assert git(there, "rev-parse", "main")[:10] in text
        assert "Merge agent 1" not in text
        assert '<summary class="btn primary">' not in html
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(there), str(clone))
    assert (clone / "two.txt").is_file()
    git(clone, *ME, *undo_in(merge)[1:])
    assert not (clone / "two.txt").exists()
    assert (clone / "one.txt").is_file()
    git(clone, *ME, *undo_in(forward)[1:])
    assert not (clone / "one.txt").exists()
    assert (clone / "calc.py").read_text() == CALC


def test_f5_an_agent_that_failed_is_told_so_in_its_lane_too(fans: Fans) -> None:
    with fans.browser() as client:
        page = client.get(f"/runs/{fans.runs['works']}").text
    lane = page[page.index('id="lane-agent-3"') :].partition("</li>")[0]
    assert "Failed" in read_markup(lane).text
    assert "Succeeded" not in read_markup(lane).text


@pytest.mark.parametrize(
    ("language", "leads"),
    [("en", "What each agent did"), ("ko", "에이전트별 작업")],
)
def test_u2_a_fan_out_without_any_work_says_so_without_dashes_or_commands(
    fans: Fans, language: str, leads: str
) -> None:
    with fans.browser(language) as client:
        page = client.get(f"/runs/{fans.runs['idle']}").text
    text = " ".join(read_markup(page).text.split())
    assert "nobody ranked" in text
    assert "nothing to check" in text
    assert "agent-1 > agent-2" not in text
    assert "mas runs show" not in text
    assert not re.search(r": -(\s|$)", text), "a dash stands for a sentence"
    assert f'<a href="#work">{leads}</a>' in page
    notice = page[page.index('id="notice"') : page.index('id="panel"')]
    assert '<a href="#work"' in notice
