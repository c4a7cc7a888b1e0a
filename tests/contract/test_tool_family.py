"""What every family of tools keeps to, whoever serves it (port `ToolFamily`, O2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mas.adapters.executors.local import LocalExecutor
from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.cluster_objects import objects_of
from mas.adapters.tools.family import ToolFamily
from mas.adapters.tools.kept import KeptOutputs
from support.mcp_family import good, opened

BUILT_IN = ("files", "command", "git", "kubernetes", "outputs")


@pytest.fixture(params=("mcp", *BUILT_IN))
async def family(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ToolFamily]:
    if request.param in BUILT_IN:
        families = built_in_families(
            executor=LocalExecutor(),
            kept=KeptOutputs(tmp_path / "outputs"),
            objects_of=objects_of({}),
            path="/usr/bin:/bin",
            homes=tmp_path / "homes",
        )
        yield families[request.param]
        return
    async with opened(tmp_path, {"good": good()}) as mcp:
        yield mcp.family


async def test_o2_each_tool_has_a_name_of_its_own_under_its_family(family: ToolFamily) -> None:
    specs = await family.specs(None)
    names = [spec.name for spec in specs]
    assert names
    assert len(set(names)) == len(names)
    assert all("." in name for name in names)
    assert all(spec.schema.get("type") == "object" for spec in specs)
    assert all(spec.description for spec in specs)


async def test_o2_patterns_choose_tools_and_none_means_all(family: ToolFamily) -> None:
    everything = await family.specs(None)
    first = everything[0].name
    assert [spec.name for spec in await family.specs([first])] == [first]
    assert await family.specs(["*"]) == everything
    assert await family.specs([]) == ()
    assert await family.specs(["no-such-family.*"]) == ()
    assert await family.specs([first, "*"]) == everything


async def test_o2_an_assessment_is_made_of_any_arguments_without_doing_anything(
    family: ToolFamily,
) -> None:
    for spec in await family.specs(None):
        for arguments in ({}, {"path": 5, "argv": None, "text": ["x"]}):
            assessment = family.assess(spec, arguments)
            assert assessment is None or assessment.risk in ("read", "write", "destructive")


async def test_o2_a_family_without_trouble_has_no_problems(family: ToolFamily) -> None:
    await family.specs(None)
    assert family.problems() == ()
