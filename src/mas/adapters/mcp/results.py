"""Turns what a tool of a server has answered into an output for the toolbox."""

from __future__ import annotations

from typing import Final

from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)

from mas.adapters.tools.family import RawOutput
from mas.core.errors import Bug
from mas.core.values import JsonValue, encode_json

_LARGEST_DATA: Final = 64_000
"""Characters of text beside which structured content is kept as well; it says the same again."""


def to_output(result: CallToolResult) -> RawOutput:
    """Text parts in order; pictures and sounds are named and left out."""
    text = "\n".join(_text(block) for block in result.content)
    data: JsonValue = None
    if result.structured_content is not None and len(text) <= _LARGEST_DATA:
        try:
            encoded = encode_json(result.structured_content)
        except Bug:
            encoded = b""
        if not text:
            text = encoded.decode("utf-8")
        if 0 < len(encoded) <= _LARGEST_DATA:
            data = result.structured_content
    if result.is_error and not text:
        text = "The tool reports a failure and does not say which."
    return RawOutput(text=text, failed=bool(result.is_error), data=data)


def _text(block: ContentBlock) -> str:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, ImageContent | AudioContent):
        return f"[{block.type} {block.mime_type}, {len(block.data):,} characters, left out]"
    if isinstance(block, EmbeddedResource):
        if isinstance(block.resource, TextResourceContents):
            return block.resource.text
        return f"[resource {block.resource.uri}, {len(block.resource.blob):,} characters, left out]"
    return f"[resource {block.name}: {block.uri}]"
