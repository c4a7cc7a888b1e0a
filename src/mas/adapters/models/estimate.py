"""How many tokens a request can take, on the high side and without any tokenizer."""

from __future__ import annotations

import math
import string

from mas.core.models import ModelRequest
from mas.core.values import encode_json

_LETTERS = (string.ascii_letters + " ").encode()
_LETTERS_A_TOKEN = 3
_SIGNS_A_TOKEN = 2
_WIDE = 0x10000
_WIDE_TOKENS = 3
_PART = 8
"""Tokens that a provider spends on the frame of one turn or tool."""
_FRAME = 100
_TOOL_FRAME = 700
"""What providers say to a model by themselves as soon as it has tools."""


def tokens_of(text: str) -> int:
    """Tokens of a text: a letter is a third of one, a digit or sign half, Hangul a whole one,
    emoji three."""
    plain = text.encode("ascii", "ignore")
    signs = len(plain.translate(None, _LETTERS))
    letters = len(plain) - signs
    beyond = len(text) - len(plain)
    wide = sum(ord(one) >= _WIDE for one in text) if beyond else 0
    return (
        math.ceil(letters / _LETTERS_A_TOKEN)
        + math.ceil(signs / _SIGNS_A_TOKEN)
        + beyond
        + wide * (_WIDE_TOKENS - 1)
    )


def most_input_tokens(request: ModelRequest) -> int:
    """Tokens that instructions, conversation, tools and schema take together."""
    texts = [request.instructions]
    for said in request.conversation:
        texts.append(said.text)
        texts += [call.tool + encode_json(call.arguments).decode() for call in said.calls]
    for tool in request.tools:
        texts.append(tool.name + tool.description + encode_json(tool.schema).decode())
    parts = len(request.conversation) + len(request.tools)
    frame = _FRAME + (_TOOL_FRAME if request.tools or request.output is not None else 0)
    if request.output is not None:
        # Some models get the schema twice: as what holds them to it, and in words.
        texts += [encode_json(request.output).decode()] * 2
    return sum(map(tokens_of, texts)) + parts * _PART + frame
