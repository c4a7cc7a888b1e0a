"""docs/http-api.md says what the API is (U3)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fastapi import FastAPI

from mas.api import browsing, conditions, orchestrate
from mas.api.orchestrate import Orchestrate, Orchestrated
from mas.http.problems import Problem

DOCUMENT = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text("utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]


def test_u3_every_address_and_every_field_of_a_request_is_in_the_document() -> None:
    app = FastAPI()
    for router in (orchestrate.router, browsing.router, conditions.router):
        app.include_router(router)
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in DOCUMENT
    for field in Orchestrate.model_fields:
        assert f"`{field}`" in DOCUMENT


def test_u3_the_examples_of_the_document_have_the_shapes_of_the_api() -> None:
    answer, listing, problem = EXAMPLES
    assert Orchestrated.model_validate(answer).model_dump(exclude_unset=True) == answer
    assert set(browsing.Listing.model_validate(listing).model_dump()) == set(listing)
    assert Problem.model_validate(problem).model_dump(exclude_unset=True) == problem
