"""docs/http-api.md says what the API is (U3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI

from mas.api import browsing, document, site
from mas.api.new_run import Fanout, Limits, NewRun
from mas.api.orchestrate import Orchestrate, Orchestrated
from mas.core.actors import ACCESS_ROLES
from mas.core.events import EventBody
from mas.http.problems import Problem

DOCUMENT = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text("utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]


def test_u3_every_address_and_every_field_of_a_request_is_in_the_document() -> None:
    app = FastAPI()
    site.install(app)
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in DOCUMENT
    for shape in (Orchestrate, NewRun):
        for field in shape.model_fields:
            assert f"`{field}`" in DOCUMENT
    for shape in (Limits, Fanout):
        named = ", ".join(f'"{field}"' for field in shape.model_fields)
        assert f"`{{{named}}}`" in DOCUMENT


def test_u3_the_examples_of_the_document_have_the_shapes_of_the_api() -> None:
    events, answer, listing, problem = EXAMPLES
    for event in events["items"]:
        body = {key: value for key, value in event.items() if key not in ("run_id", "number", "at")}
        assert msgspec.to_builtins(msgspec.convert(body, EventBody)) == body
    assert Orchestrated.model_validate(answer).model_dump(exclude_unset=True) == answer
    assert set(browsing.Listing.model_validate(listing).model_dump()) == set(listing)
    assert Problem.model_validate(problem).model_dump(exclude_unset=True) == problem


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    app = FastAPI()
    site.install(app)
    document.describe(app)
    return app.openapi()


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_u3_every_operation_has_a_name_a_group_a_role_and_says_what_it_does(
    described: dict[str, Any],
) -> None:
    assert described["openapi"].startswith("3.1")
    groups = {tag["name"] for tag in document.TAGS}
    ids = []
    for named, operation in _operations(described):
        ids.append(operation["operationId"])
        assert re.fullmatch("[a-z_]+", operation["operationId"]), named
        assert operation["summary"], named
        assert operation["description"], named
        assert set(operation["tags"]) <= groups, named
        open_to_all = named in ("GET /health", "GET /ready")
        assert ("x-role" in operation) != open_to_all, named
        assert open_to_all or operation["x-role"] in ACCESS_ROLES, named
        assert "422" not in operation["responses"], named
        problem = operation["responses"]["default"]["content"]
        assert set(problem) == {"application/problem+json"}, named
    assert len(ids) == len(set(ids))


def test_u3_what_changes_something_needs_more_than_a_viewer(described: dict[str, Any]) -> None:
    for named, operation in _operations(described):
        if not named.startswith("GET"):
            assert operation["x-role"] in ("operator", "admin"), named
    final = ("wipe", "restore", "rollback", "audit", "audit.jsonl")
    for named, operation in _operations(described):
        if named.rpartition("/")[2] in final or named.startswith("DELETE"):
            assert operation["x-role"] == "admin", named


def test_u3_every_reference_of_the_description_leads_somewhere(described: dict[str, Any]) -> None:
    shapes = described["components"]["schemas"]
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)):
        assert reference in shapes
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert described["paths"]["/health"]["get"]["security"] == []
