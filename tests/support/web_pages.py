"""A home whose roles, memories, lessons and runs try to get into the page; forms as they come."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from mas.adapters.stores.lessons import add_lessons
from mas.adapters.stores.memories import StoredMemories
from mas.app.service import Ask, Service
from mas.app.settings import load_settings
from mas.app.storage import open_store
from mas.core.lessons import NewLesson
from mas.core.memory import Memory
from support.command import Mas
from support.page_world import in_service

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
RUN = "20261101_101010_0a1b2c3d"
NONE = ":none"
"""In place of a cluster."""


def hostile_home(folder: Path) -> Mas:
    """A home with a name, a logo, roles, memories, lessons and runs that nobody may believe."""
    mas = Mas(folder)
    (mas.home / "agents").mkdir(parents=True)
    (mas.home / "agents" / "evil.md").write_text(
        f"---\nname: evil\ndescription: {EVIL}\n---\n{EVIL}\n", encoding="utf-8"
    )
    (mas.home / "agents" / "broken.md").write_text(f"---\nname: {EVIL}\n---\n", encoding="utf-8")
    (mas.home / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (mas.home / "mas.toml").write_text(
        '[page]\nname = "Platform <team>"\nlogo = "logo.svg"\n'
        'welcome_en = "Ask before you install."\nwelcome_ko = "설치하기 전에 물어보십시오."\n'
        'examples = ["decide: Should we adopt Tekton?", "Kafka가 필요할까요?"]\n'
    )
    mas.environment["KUBECONFIG"] = str(mas.home / "kubeconfig")

    async def fill(service: Service) -> None:
        settings = load_settings(mas.environment)
        async with open_store(settings) as store:

            def remember(memory: Memory) -> Memory:
                kept = memory.learned(f"{RUN}/note: {EVIL}").observed(EVIL).reasoned("why")
                return kept.began(f"{RUN}/note")

            await StoredMemories(store).change("coder", remember)
            lesson = NewLesson(
                kind="plan", team="build", about=EVIL, text=EVIL, evidence=(f"{RUN}/note/plan",)
            )
            await store.run_durable(add_lessons, (lesson,))
        await service.submit(Ask(text=EVIL, team="decide", no_model=True, cluster=NONE))

    in_service(mas, fill)
    return mas


def proof(page: str) -> str:
    """What a form of a page sends back."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def form_of(client: httpx.Client, **fields: str) -> dict[str, str]:
    """The request box as it comes, with some fields filled in."""
    page = client.get("/").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    given = {"csrf": proof(page), "key": key[1], "team": "decide", "cluster": NONE}
    return {**given, "budget": "small", "agents": "3", **fields}
