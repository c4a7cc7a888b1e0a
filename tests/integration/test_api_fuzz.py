"""The API keeps to its own description, whatever is sent to it (F6, Q1)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import load_settings
from mas.core.errors import UserError
from mas.server.app import create_app

QUICK = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
PATHS = st.sampled_from(
    "/orchestrate /runs/x /workspace /workspace/runs /health /ready /diagnostics /test-docker "
    "/openapi.json /docs /orchestrate/ /api /api/runs /api/runs/x /api/runs/x/events /api/me "
    "/api/runs/x/cancel /api/agents/nobody/wipe /api/audit /api/nothing".split()
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    "prompt agent_count coder repo ref checks task_seconds executor model language other".split()
)


@asynccontextmanager
async def application(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application over the real service, without any coder that could be started."""
    environment = {"MAS_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}
    found = load_settings(environment)

    async def no_docker() -> str:
        raise UserError("There is no docker.", hint="Install it.", code="no_docker")

    async with open_service(found) as service, Driving(service, worker=False) as driving:
        app = create_app(service, found, driving=driving, docker=no_docker)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield http


class Description:
    """What the API says of itself."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        resource: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:api", resource)

    def check(self, answer: httpx.Response) -> None:
        """Check an answer against what is said of its address, method and status."""
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            self._fits(answer, {"$ref": "urn:api#/components/schemas/Problem"})
            assert answer.status_code not in (500, 501), answer.text
            return
        path = answer.request.url.path
        for known, methods in self._schema["paths"].items():
            if known == path or ("{" in known and path.startswith(known.partition("{")[0])):
                said = methods[answer.request.method.lower()]["responses"][str(answer.status_code)]
                schema = said["content"]["application/json"]["schema"]
                self._fits(answer, _absolute(schema))
                return
        assert path == "/openapi.json"

    def _fits(self, answer: httpx.Response, schema: dict[str, Any]) -> None:
        Draft202012Validator(schema, registry=self._registry).validate(answer.json())


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: f"urn:api{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    return [_absolute(one) for one in schema] if isinstance(schema, list) else schema


class Api:
    """The open application, to which requests are sent one after the other."""

    def __init__(self, http: httpx.AsyncClient, runner: asyncio.Runner) -> None:
        self._http = http
        self._runner = runner
        self._description = Description(self._request("GET", "/openapi.json").json())

    def send(self, method: str, path: str, **more: Any) -> None:
        """Send a request and check its answer against the description."""
        answer = self._request(method, path, **more)
        if method != "HEAD":
            self._description.check(answer)

    def post(self, content: bytes) -> None:
        """Send a body that says to be JSON."""
        headers = {"Content-Type": "application/json"}
        self.send("POST", "/orchestrate", content=content, headers=headers)

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def within_limits() -> httpx.Response:
            async with asyncio.timeout(30):
                return await self._http.request(method, path, **more)

        return self._runner.run(within_limits())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with asyncio.Runner() as runner:
        opened = application(tmp_path_factory.mktemp("home"))
        http = runner.run(opened.__aenter__())
        yield Api(http, runner)
        runner.run(opened.__aexit__(None, None, None))


@QUICK
@given(
    method=METHODS,
    path=PATHS,
    query=st.dictionaries(st.sampled_from(["offset", "limit", "x"]), st.text(max_size=6)),
)
def test_f6_every_method_at_every_address_is_answered_as_described(
    api: Api, method: str, path: str, query: dict[str, str]
) -> None:
    api.send(method, path, params=query)


@QUICK
@given(fields=st.dictionaries(FIELDS, JSONS, max_size=5))
def test_q1_no_body_makes_the_server_fail(api: Api, fields: dict[str, Any]) -> None:
    # With NaN and Infinity, as Python says them.
    api.post(json.dumps(fields).encode())


@QUICK
@given(body=st.binary(max_size=60))
def test_q1_no_bytes_make_the_server_fail(api: Api, body: bytes) -> None:
    api.post(body)


@pytest.mark.parametrize(
    "text", [b'{"prompt": "\\ud800"}', b'{"\\udfff": 1}', b'{"prompt": 1e999}']
)
def test_q1_json_that_is_no_text_is_refused(api: Api, text: bytes) -> None:
    api.post(text)
