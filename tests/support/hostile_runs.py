"""Runs in which everything from outside tries to be markup: text, names, Markdown, output.

Each payload calls `pwn` with a number of its own, so that a page that lets one run says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask
from mas.testing.models import ModelRequest, Reply
from support.command import CLUSTERS
from support.fanout_world import git
from support.page_world import PageModel, planned
from support.scripted_home import finish, stage_of

NUMBERS = range(1, 20)
SCHEMES = (
    "[a](javascript:pwn(18)) [b](JaVaScRiPt:pwn(18)) [c](data:text/html,<script>pwn(18)</script>)"
)
OUTSIDE = "![picture](https://elsewhere.invalid/pixel.png) <https://elsewhere.invalid/>"


def img(number: int) -> str:
    """Markup that runs when it is taken for markup."""
    return f"<img src=x onerror=pwn({number})>"


def closing(number: int) -> str:
    """The same, out of an attribute, a comment, a text area, a title and a script."""
    return f"\"'--></title></textarea></script><svg onload=pwn({number})>"


TABLE = f"| a |\n|---|\n| {img(17)} |\n"
MARKDOWN = f"# {img(15)}\n\n{closing(16)}\n\n{SCHEMES}\n\n{OUTSIDE}\n\n`{img(17)}`\n\n{TABLE}"
BRANCH = "<svg/onload=pwn(9)>"
OPERATE = f"Deploy a hostile note {img(1)}{closing(2)}"
WAITING = f"Deploy a second hostile note {img(3)}"
FANOUT = f"Write a hostile file {closing(4)}"
DECIDE = f"Should we adopt Tekton? {img(5)}{closing(6)}"


def hostile_asks(folder: Path, model: PageModel) -> dict[str, Ask]:
    """Requests whose every part is hostile; `model` learns to answer in kind."""
    task = planned("note", "coder", f"Title {img(7)}{closing(8)}", ())
    task |= {"goal": f"Write note.txt. {img(10)}", "success_criteria": [closing(10)]}
    model.plans["a hostile note"] = (task,)
    model.plans["a second hostile note"] = (task,)
    model.says["a hostile note"] = hostile_reply
    return {
        "hostile_operate": Ask(text=OPERATE, team="operate", approve_writes=True),
        "hostile_waits": Ask(text=WAITING, team="operate"),
        "hostile_decide": Ask(text=DECIDE, cluster=str(_cluster(folder)), no_model=True),
        "hostile_fanout": Ask(text=FANOUT, team="fanout", fanout=_fanout(folder)),
    }


def hostile_reply(request: ModelRequest, answer: Reply) -> Reply:
    """The answer of a model that was talked into attacking whoever reads it."""
    if "Stage: " not in request.text:
        return answer
    if "Read the results of all tasks" in request.text and stage_of(request) == "act":
        return Reply(calls=(finish(text=MARKDOWN, sources=[]),))
    if stage_of(request) == "observe":
        fact = f"A fact {img(11)}"
        return Reply(calls=(finish(summary=f"Seen {closing(11)}", facts=[fact], findings=[]),))
    if isinstance(answer.output, Mapping) and "problem" in answer.output:
        return Reply(output={**answer.output, "summary": img(12), "problem": closing(12)})
    return answer


def _cluster(folder: Path) -> Path:
    """The small cluster, with a hostile node, namespace and file name."""
    text = (CLUSTERS / "homelab.json").read_text()
    items = json.loads(text)["items"]
    node = next(one for one in items if one["kind"] == "Node")["metadata"]["name"]
    deployment = next(one for one in items if one["kind"] == "Deployment")["metadata"]["name"]
    for name, payload in ((node, img(13)), (deployment, closing(14))):
        text = text.replace(json.dumps(name), json.dumps(payload))
    file = folder / f"{img(13)}.json"
    file.write_text(text)
    return file


def _fanout(folder: Path) -> FanoutAsk:
    repository = folder / "hostile"
    repository.mkdir()
    git(repository, "init", "-q", "-b", BRANCH)
    (repository / "README.md").write_text(MARKDOWN)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", img(9))
    steps = {
        str(number): [
            {"write": f"{img(9)}{number}.py", "text": f"# {closing(9)}\nprint('{img(9)}')\n"},
            {"write": "README.md", "text": f"{number}\n{MARKDOWN}"},
            {"say": closing(19)},
            {"run": ["echo", img(19)]},
            {"commit": f"{img(9)}{closing(9)}"},
        ]
        for number in (1, 2)
    }
    script = folder / "hostile.json"
    script.write_text(json.dumps({"agents": steps}))
    return FanoutAsk(
        agents=2,
        repo=str(repository),
        ref=BRANCH,
        coders=(f"script:{script}",),
        checks=(f"echo '{img(19)}'",),
    )
