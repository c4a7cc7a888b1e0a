"""What the conformance suite wants a server to offer, offered behind the door of MAS.

The scenarios call tools, resources and prompts of their own by name. A server that has them shows
how the door carries them: guard, one request at a time, no sessions.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    TextContent,
    TextResourceContents,
    Tool,
)
from pydantic import Field

from mas.mcp_servers.mas.server import MasServer


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", pixel), chunk(b"IEND", b""))
    )


_FOR_IT = "For the conformance suite."
PNG = _png()
WAV = (
    b"RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00"
    b"\x02\x00\x10\x00data\x02\x00\x00\x00\x00\x00"
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class ConformanceServer(MasServer):
    """The server of MAS with what the suite asks for."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for tool in (
            test_simple_text,
            test_image_content,
            test_audio_content,
            test_embedded_resource,
            test_multiple_content_types,
            test_tool_with_logging,
            test_error_handling,
            test_tool_with_progress,
            test_missing_capability,
            test_header,
        ):
            self.add_tool(tool, description=_FOR_IT, structured_output=False)
        self._add_resources()
        self._add_prompts()

    async def list_tools(self) -> list[Tool]:
        told = await super().list_tools()
        return [
            *told,
            Tool(name="json_schema_2020_12_tool", description=_FOR_IT, input_schema=SCHEMA),
        ]

    def _add_resources(self) -> None:
        @self.resource("test://static-text", mime_type="text/plain")
        def text() -> str:
            return "This is the content of the static text resource."

        @self.resource("test://static-binary", mime_type="image/png")
        def binary() -> bytes:
            return PNG

        @self.resource("test://template/{id}/data", mime_type="application/json")
        def template(id: str) -> str:
            return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    def _add_prompts(self) -> None:
        @self.prompt(description=_FOR_IT)
        def test_simple_prompt() -> str:
            return "This is a simple prompt for testing."

        @self.prompt(description=_FOR_IT)
        def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
            return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

        @self.prompt(description=_FOR_IT)
        def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
            embedded = _embedded(
                resourceUri, "text/plain", "Embedded resource content for testing."
            )
            return [
                UserMessage(embedded),
                UserMessage("Please process the embedded resource above."),
            ]

        @self.prompt(description=_FOR_IT)
        def test_prompt_with_image() -> list[UserMessage]:
            return [UserMessage(_image()), UserMessage("Please analyze the image above.")]


def test_simple_text() -> str:
    return "This is a simple text response for testing."


def test_image_content() -> list[ImageContent]:
    return [_image()]


def test_audio_content() -> list[AudioContent]:
    data = base64.b64encode(WAV).decode()
    return [AudioContent(type="audio", data=data, mime_type="audio/wav")]


def test_embedded_resource() -> list[EmbeddedResource]:
    text = "This is an embedded resource content."
    return [_embedded("test://embedded-resource", "text/plain", text)]


def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    return [
        TextContent(type="text", text="Multiple content types test:"),
        _image(),
        _embedded(
            "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
        ),
    ]


async def test_tool_with_logging(ctx: Context) -> str:
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_notification(
            LoggingMessageNotification(
                params=LoggingMessageNotificationParams(level="info", data=text)
            ),
            related_request_id=ctx.request_id,
        )
    return "Logged."


def test_error_handling() -> CallToolResult:
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Context) -> str:
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100)
    return "Progressed."


def test_missing_capability(ctx: Context) -> str:
    told = ctx.client_capabilities
    if told is None or told.sampling is None:
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="This needs sampling.",
            data={"requiredCapabilities": {"sampling": {}}},
        )
    return "The client can sample."


def test_header(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    return region


def _image() -> ImageContent:
    data = base64.b64encode(PNG).decode()
    return ImageContent(type="image", data=data, mime_type="image/png")


def _embedded(uri: str, kind: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=text)
    )
