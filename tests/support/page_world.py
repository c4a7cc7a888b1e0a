"""A `mas serve` with runs of every kind behind it, for the tests and pictures of the page.

All runs are put into the journal first; the server takes them up and carries them out. Models are
one scripted server on loopback that answers by what it is asked for. A task whose file is named in
`PageModel.hold` waits until a test lets it go on, so that a page can be seen while a run works.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask, Service, open_service
from mas.app.settings import load_settings
from mas.core.budget import Budget
from mas.core.run import Run
from mas.testing.models import Fault, ModelRequest, Reply, ScriptedModelServer
from support.api_server import Serving, serving
from support.command import CLUSTERS, Mas
from support.fanout_world import git
from support.scripted_home import KEY, agent, finish, mas_with_model, stage_of

LIMIT = 100.0
HELD_SECONDS = 200.0
"""The longest that a task is held back: longer than whatever a test does meanwhile."""
T = TypeVar("T")

DECIDE_EN = "Should we adopt Tekton?"
DECIDE_KO = "Tekton 도입 여부를 결정해줘"
FANOUT = "Write greet.py with a function that greets somebody by name."
BUILD = "Build a web shop with a login, tests and a container image"
WAITS = "Deploy a note that says hello"
FAILS = "Deploy something that cannot be planned"
CHECK = "python3 -B -c \"import greet; assert greet.greet('Ada') == 'Hello, Ada!'\""

GREET = 'def greet(name):\n    return f"Hello, {name}!"\n'
LONG_GREET = (
    'def greet(name):\n    greeting = "Hello"\n    greeting += ", "\n    greeting += name\n'
    '    return greeting + "!"\n'
)
TEN: Mapping[str, object] = {
    "agents": {
        "1": [{"write": "greet.py", "text": GREET}, {"commit": "Greet by name"}],
        "2": [{"say": "Done, and tested thoroughly."}],
        "3": [{"write": "greet.py", "text": LONG_GREET}, {"commit": "Greet step by step"}],
        "4": [
            {"write": "greet.py", "text": '"""Greetings."""\n\n\n' + GREET},
            {"write": "docs/greeting.md", "text": "# Greeting\n\nSays hello by name.\n"},
            {"commit": "Greet, with a document"},
        ],
        "5": [{"write": "greet.py", "text": GREET.replace("Hello", "Hi")}, {"commit": "Greet"}],
        "6": [{"write": "greet.py", "text": GREET}],
        "7": [{"write": "greet.py", "text": GREET}, {"fail": "no more", "exit": 3}],
        "8": [{"write": "greet.py", "text": "def greet(name)\n"}, {"commit": "Greet"}],
        "9": [{"write": "greet.py", "text": LONG_GREET + "\n" * 3}, {"commit": "Greet"}],
        "10": [{"write": "greet.py", "text": GREET + "# by name\n"}, {"commit": "Greet"}],
    }
}

PLAN: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("workspace", "devops", "Create the workspace", ()),
    ("backend", "backend", "Write the API and its models", ("workspace",)),
    ("frontend", "frontend", "Write the login pages", ("workspace",)),
    ("image", "devops", "Write the Dockerfile", ("workspace",)),
    ("database", "backend", "Write the migrations", ("backend",)),
    ("api_tests", "testing", "Test the API", ("backend", "database")),
    ("page_tests", "testing", "Test the pages", ("frontend",)),
    ("bundle", "frontend", "Build the bundle", ("frontend",)),
    ("release", "devops", "Build the image", ("image", "api_tests", "page_tests", "bundle")),
)
"""Of the run BUILD: task, role, title, needs."""


@dataclass
class PageModel:
    """What the scripted model answers, by what stands in the question."""

    hold: dict[str, threading.Event] = field(default_factory=dict)
    """File of a task → set when its agent may act."""
    plans: dict[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    """Part of a request → the tasks of its plan, for runs that a test makes up."""

    says: dict[str, Callable[[ModelRequest, Reply], Reply]] = field(default_factory=dict)
    """Part of a request → what becomes of the usual answer."""

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        """The answer to one question; may be called from several threads at once."""
        answer = self._usual(request)
        for part, change in self.says.items():
            if part in request.text and isinstance(answer, Reply):
                return change(request, answer)
        return answer

    def _usual(self, request: ModelRequest) -> Reply | Fault:
        text = request.text
        if "Plan the work that the request asks for" in text:
            return self._planned(text)
        if "Read the results of all tasks" in text:
            return _summed_up(request)
        if '"order"' in str(request.body).replace("'", '"') and "solution A" in text:
            return _judged(text)
        if FAILS in text:
            return Fault(kind="status", status=400, message="The scripted model does not know how.")
        found = re.search(r"Write (\S+?\.txt)", text)
        path = found[1] if found else "note.txt"
        if stage_of(request) == "act" and path in self.hold:
            assert self.hold[path].wait(HELD_SECONDS), f"nobody let {path} go on"
        return agent(request, path)

    def _planned(self, text: str) -> Reply:
        for part, tasks in self.plans.items():
            if part in text:
                return _plan(*tasks)
        if FAILS in text:
            return _plan(planned("one", "coder", "Go round", ("one",)))
        if BUILD in text:
            return _plan(*(planned(*one) for one in PLAN))
        return _plan(planned("note", "coder", "Write the note", ()))


def planned(
    name: str, role: str, title: str, needs: tuple[str, ...], risk: str = "write"
) -> dict[str, object]:
    """A task of a plan: an agent that writes a file NAME.txt."""
    return {
        "id": name,
        "role": role,
        "title": title,
        "goal": f"Write {name}.txt with the word hello.",
        "depends_on": list(needs),
        "success_criteria": [f"{name}.txt holds hello"],
        "risk": risk,
    }


def _plan(*tasks: Mapping[str, object]) -> Reply:
    return Reply(output={"reason": "They know how.", "tasks": [dict(one) for one in tasks]})


def _judged(text: str) -> Reply:
    """A judge to whom the shortest difference is the best one."""
    parts = re.split(r"solution ([A-J])\b", text)
    lengths = {letter: len(part) for letter, part in zip(parts[1::2], parts[2::2], strict=True)}
    order = sorted(lengths, key=lambda letter: (lengths[letter], letter))
    best = {"letter": order[0], "text": "Says it in the fewest lines, and nothing else changes."}
    return Reply(output={"order": list(order), "reasons": [best]})


def _summed_up(request: ModelRequest) -> Reply:
    """The orchestrator that looks at all results."""
    stage = stage_of(request)
    if stage == "observe":
        return Reply(calls=(finish(summary="All results are there.", facts=[], findings=[]),))
    if stage == "act":
        text = "Everything that the request asks for is written, and each file was read again."
        return Reply(calls=(finish(text=text, sources=[]),))
    answer = agent(request, "-")
    if stage == "plan":
        assert isinstance(answer.output, dict)
        check = {
            "kind": "grounded",
            "tool": "",
            "arguments": "{}",
            "exit_code": None,
            "contains": "",
        }
        return Reply(output={**answer.output, "check": check})
    return answer


@dataclass(frozen=True, kw_only=True)
class PageWorld:
    """The server, what is behind it, and its runs by name."""

    mas: Mas
    serving: Serving
    model: PageModel
    runs: Mapping[str, str]
    repository: Path
    script: str
    """A coder for `fanout`: ten agents that do what `TEN` says."""

    @property
    def url(self) -> str:
        return self.serving.url

    def ask(self, ask: Ask) -> str:
        """Put a run into the journal, as another process would; the server takes it up."""

        async def submit(service: Service) -> str:
            return (await service.submit(ask)).id

        return in_service(self.mas, submit)

    def run(self, run_id: str) -> Run:
        """A run as the journal has it now."""
        return in_service(self.mas, lambda service: service.get(run_id))

    def until(self, run_id: str, holds: Callable[[Run], bool]) -> Run:
        """Wait for a run to be as `holds` wants it."""
        return in_service(self.mas, lambda service: _until(service, run_id, holds))


def in_service(mas: Mas, work: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
    """Do something with the service over the journal of a home, from code that is not async."""

    async def inside() -> T:
        async with open_service(load_settings(mas.environment)) as service:
            return await work(service)

    # A thread of its own: whoever calls this may stand inside a loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, inside()).result()


async def _until(service: Service, run_id: str, holds: Callable[[Run], bool]) -> Run:
    end = time.monotonic() + LIMIT
    while not holds(run := await service.get(run_id)):
        # Another process writes; nothing but looking tells.
        assert time.monotonic() < end, (
            f"run {run_id} is {run.status} after {LIMIT:g} s: {run.failure}"
        )
        await asyncio.sleep(0.05)
    return run


def is_waiting(run: Run) -> bool:
    return run.status.value == "awaiting_approval"


def has_ended(run: Run) -> bool:
    return run.status.ended


def persons_repository(folder: Path) -> Path:
    """A small project to work on."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("# Greetings\n\nGreets people by name.\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Base")
    return folder


def asks(repository: Path, script: str) -> dict[str, Ask]:
    """What the runs of the world ask for, by name."""
    homelab = str(CLUSTERS / "homelab.json")
    return {
        "decide_en": Ask(text=DECIDE_EN, cluster=homelab, no_model=True),
        "decide_ko": Ask(text=DECIDE_KO, cluster=homelab, no_model=True),
        "recommend": Ask(
            text="Should we adopt cert-manager?",
            cluster=str(CLUSTERS / "production.json"),
            no_model=True,
        ),
        "build": Ask(text=BUILD, team="build", approve_writes=True),
        "fanout": Ask(
            text=FANOUT,
            team="fanout",
            no_model=True,
            fanout=FanoutAsk(agents=10, repo=str(repository), coders=(script,), checks=(CHECK,)),
        ),
        "waits": Ask(text=WAITS, team="operate"),
        "cancelled": Ask(text=WAITS + " twice", team="operate"),
        "fails": Ask(text=FAILS, team="operate"),
        "budget": Ask(text="Write budget.txt", role="coder", budget=Budget(tokens=100)),
    }


async def _submitted(service: Service, wanted: Mapping[str, Ask]) -> dict[str, str]:
    return {name: (await service.submit(ask)).id for name, ask in wanted.items()}


async def _settled(service: Service, runs: Mapping[str, str]) -> None:
    """Wait until each run is as it stays."""
    waiting = {"waits", "cancelled", "hostile_waits"}
    for name, run_id in runs.items():
        if name not in waiting:
            await _until(service, run_id, has_ended)
    for name in waiting & set(runs):
        await _until(service, runs[name], is_waiting)
    if "cancelled" in runs:
        await service.cancel(runs["cancelled"])
        await _until(service, runs["cancelled"], has_ended)


@contextmanager
def page_world(
    folder: Path,
    *names: str,
    more: Callable[[Path, PageModel], Mapping[str, Ask]] | None = None,
    words: tuple[str, ...] = (),
    **environment: str,
) -> Iterator[PageWorld]:
    """A server with these runs (all of `asks` without `names`), ended or waiting as they stay.

    Args:
        folder: Where home and repository are made.
        names: Runs of `asks`; none: all. `-`: none at all.
        more: Gives further runs, from the folder and the model.
        words: Of the command line of `mas serve`.
        environment: Of the server.
    """
    folder.mkdir(parents=True, exist_ok=True)
    repository = persons_repository(folder / "greetings")
    file = folder / "ten.json"
    file.write_text(json.dumps(TEN))
    script = f"script:{file}"
    model = PageModel()
    known = asks(repository, script)
    wanted = {name: ask for name, ask in known.items() if not names or name in names}
    wanted |= more(folder, model) if more is not None else {}
    with ScriptedModelServer(model, key=KEY) as provider:
        mas = mas_with_model(folder / "home", provider, "anthropic")
        # A model whose answer is held back is asked once.
        mas.environment["MAS_MODELS_TIMEOUT_SECONDS"] = str(2 * HELD_SECONDS)
        runs = in_service(mas, lambda service: _submitted(service, wanted))
        with serving(mas, *words, **environment) as running:
            in_service(mas, lambda service: _settled(service, runs))
            try:
                yield PageWorld(
                    mas=mas,
                    serving=running,
                    model=model,
                    runs=runs,
                    repository=repository,
                    script=script,
                )
            finally:
                for gate in model.hold.values():
                    gate.set()
