"""Every catalog file is complete, refers only to what exists, and cites its sources (D2, D3)."""

from __future__ import annotations

from importlib import resources

import pytest

from mas.catalog.loader import load_catalog, parse_capabilities, parse_tool
from mas.core.errors import UserError
from mas.core.tools import Tool

ROOT = resources.files("mas.catalog")
FILES = sorted(e.name for e in (ROOT / "tools").iterdir() if e.name.endswith(".yaml"))
CAPABILITIES = {
    c.id for c in parse_capabilities((ROOT / "capabilities.yaml").read_text(encoding="utf-8"))
}


def read(name: str) -> Tool:
    return parse_tool((ROOT / "tools" / name).read_text(encoding="utf-8"), name=name)


def has_hangul(text: str) -> bool:
    return any("가" <= char <= "힣" for char in text)


@pytest.mark.parametrize("name", FILES)
def test_d2_file_is_named_after_its_id_and_speaks_both_languages(name: str) -> None:
    tool = read(name)
    assert name == f"{tool.id}.yaml"
    texts = [tool.summary, tool.pays_when, tool.operations.text]
    texts += [hosted.text for hosted in tool.hosted]
    if tool.lifecycle.text:
        texts.append(tool.lifecycle.text)
    assert all(has_hangul(t.ko) and not has_hangul(t.en) for t in texts)
    assert any(has_hangul(alias) for alias in tool.aliases), "an alias in Korean"
    assert any(not has_hangul(alias) for alias in tool.aliases), "an alias in English"


@pytest.mark.parametrize("name", FILES)
def test_d3_each_fact_has_a_source(name: str) -> None:
    tool = read(name)
    assert tool.lifecycle.source
    assert tool.guide_source
    assert tool.operations.source
    assert tool.kubernetes.source
    assert all(group.source for group in tool.recognise.crds)
    assert all(c.requests is None or c.requests.source for c in tool.components)
    if tool.latest:
        assert tool.latest.source


@pytest.mark.parametrize("name", FILES)
def test_d2_capabilities_are_known_and_primary_ones_do_not_hang_on_a_component(name: str) -> None:
    tool = read(name)
    given = {*tool.capabilities.primary, *tool.capabilities.secondary}
    assert tool.capabilities.primary
    assert given <= CAPABILITIES, given - CAPABILITIES
    assert set(tool.operations.requires) <= CAPABILITIES
    assert not set(tool.capabilities.primary) & set(tool.capabilities.secondary)
    components = {component.name for component in tool.components}
    assert set(tool.capabilities.depends) <= given
    assert set(tool.capabilities.depends.values()) <= components


@pytest.mark.parametrize("name", FILES)
def test_d2_components_can_be_recognised_and_installed_ones_have_a_size(name: str) -> None:
    tool = read(name)
    assert any(c.role == "core" and c.installed for c in tool.components)
    for component in tool.components:
        assert component.images, component.name
        for image in component.images:
            first = image.split("/")[0]
            assert "." not in first or "*" in first, f"{image}: no registry host"
            assert ":" not in image
        if component.installed:
            assert component.requests, f"{component.name}: declared or recommended requests"
    shared = [
        (a, b)
        for i, a in enumerate(tool.components)
        for b in tool.components[i + 1 :]
        if set(a.images) & set(b.images)
    ]
    for a, b in shared:
        assert a.names or a.commands, f"{a.name} shares an image with {b.name}"
        assert b.names or b.commands, f"{b.name} shares an image with {a.name}"


@pytest.mark.parametrize("name", FILES)
def test_d6_guide_installs_verifies_and_rolls_back(name: str) -> None:
    tool = read(name)
    phases = [step.phase for step in tool.guide]
    assert {"install", "verify", "rollback"} <= set(phases)
    assert phases == sorted(phases, key=["prepare", "install", "verify", "rollback"].index)
    assert all(has_hangul(step.title.ko) and not has_hangul(step.title.en) for step in tool.guide)


@pytest.mark.parametrize("name", FILES)
def test_d5_a_project_that_is_not_active_says_why_and_names_a_successor(name: str) -> None:
    lifecycle = read(name).lifecycle
    if lifecycle.status in ("retired", "archived"):
        assert lifecycle.text
        assert lifecycle.since
        assert lifecycle.successors


def test_d2_catalog_holds_together_and_has_at_least_fifty_tools() -> None:
    catalog = load_catalog()
    assert len(catalog.tools) >= 50


def test_d2_no_two_tools_share_an_alias() -> None:
    owner: dict[str, str] = {}
    for tool in load_catalog().tools.values():
        for alias in tool.aliases:
            assert owner.setdefault(alias.casefold(), tool.id) == tool.id, alias


def test_d2_a_misspelt_field_is_refused_with_file_and_place() -> None:
    text = (ROOT / "tools" / "tekton.yaml").read_text(encoding="utf-8")
    with pytest.raises(UserError, match=r"tekton\.yaml.*aliasses"):
        parse_tool(text.replace("aliases:", "aliasses:", 1), name="tekton.yaml")


def test_d2_broken_yaml_is_refused_with_file_and_line() -> None:
    with pytest.raises(UserError, match=r"x\.yaml.*line 2"):
        parse_tool("id: x\n  name: [", name="x.yaml")
