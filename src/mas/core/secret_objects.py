"""Finds the data of Kubernetes Secrets in text, YAML or JSON, also as JSON inside of a string (Q3).

Where one text holds a Secret and other objects that cannot be told apart, the data of all of them
is masked: better too much than a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mas.core.values import JsonValue

_FIELDS: Final = ("data", "stringData")
_DOCUMENT = re.compile(r"^---[^\n]*$", re.MULTILINE)
_YAML_KIND = re.compile(r"^[ \t]*(?:- +)?kind:[ \t]*[\"']?Secret[\"']?[ \t]*$", re.MULTILINE)
_YAML_FIELD = re.compile(r"^([ \t]*(?:- +)?)(?:data|stringData):[ \t]*(?:#.*)?$", re.MULTILINE)
_YAML_ENTRY = re.compile(r"^([ \t]*)([^\s:#][^:\n]*):[ \t]*(.*)$")
_JSON_KIND = re.compile(r"(\\{0,15})[\"']kind\1[\"']\s{0,20}:\s{0,20}\1[\"']Secret\1[\"']")
_FLOW_KIND = re.compile(r"[{,]\s{0,20}kind:\s{0,20}Secret\s{0,20}[,}]")
_JSON_FIELD = re.compile(
    r"(\\{0,15})[\"']?(?<![A-Za-z])(?:data|stringData)\1[\"']?\s{0,20}:\s{0,20}\{"
)
_TOKEN = re.compile(r"[{}]|\\*\"")


def mask_secret_objects(text: str, mask: str) -> str:
    """The text with the data of every Secret object in it masked; keys in YAML stay."""
    if "Secret" not in text:
        return text
    if _JSON_KIND.search(text) or _FLOW_KIND.search(text):
        text = _mask_json(text, mask)
    if _YAML_KIND.search(text):
        text = _mask_yaml(text, mask)
    return text


def mask_secret_value(value: JsonValue, mask: str) -> JsonValue:
    """A decoded JSON value with the data of every Secret object in it masked; keys stay."""
    if isinstance(value, Mapping):
        secret = value.get("kind") == "Secret"
        return {
            key: _masked_values(item, mask)
            if secret and key in _FIELDS
            else mask_secret_value(item, mask)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_secret_value(item, mask) for item in value]
    return value


def _masked_values(item: JsonValue, mask: str) -> JsonValue:
    return dict.fromkeys(item, mask) if isinstance(item, Mapping) else mask


def _mask_yaml(text: str, mask: str) -> str:
    """Mask in those documents of a YAML text that hold a Secret."""
    pieces = []
    begin = 0
    for mark in [*_DOCUMENT.finditer(text), None]:
        end = mark.end() if mark else len(text)
        part = text[begin:end]
        pieces.append(_mask_document(part, mask) if _YAML_KIND.search(part) else part)
        begin = end
    return "".join(pieces)


def _mask_document(text: str, mask: str) -> str:
    lines = []
    depth: int | None = None
    """Indentation of the field whose entries are being masked."""
    entry: int | None = None
    """Indentation of its entries; what is deeper continues a value."""
    for line in text.split("\n"):
        begun = _YAML_FIELD.match(line)
        indent = len(line) - len(line.lstrip())
        if begun:
            depth, entry = len(begun[1]), None
            lines.append(line)
        elif depth is None or not line.strip():
            lines.append(line)
        elif indent <= depth:
            depth = None
            lines.append(line)
        else:
            found = _YAML_ENTRY.match(line)
            if found and (entry is None or indent <= entry):
                entry = indent
                lines.append(f"{found[1]}{found[2]}: {mask}")
            # A line that continues a value is left out altogether.
    return "\n".join(lines)


def _mask_json(text: str, mask: str) -> str:
    pieces = []
    done = 0
    found = _JSON_FIELD.search(text)
    while found:
        end = _object_end(text, found.end() - 1, quote=len(found[1]))
        pieces += [text[done : found.end()], mask]
        done = end
        found = _JSON_FIELD.search(text, end)
    pieces.append(text[done:])
    return "".join(pieces)


def _object_end(text: str, begin: int, *, quote: int) -> int:
    """Where the closing brace of the object is that opens at `begin`; else the text's end.

    `quote` is the number of backslashes before each quotation mark: a JSON text inside of a JSON
    string has one, inside of another three. Marks with more of them belong to a value.
    """
    depth = 0
    inside = False
    for token in _TOKEN.finditer(text, begin):
        mark = token[0]
        if mark.endswith('"'):
            slashes = len(mark) - 1
            if slashes % (2 * (quote + 1)) == quote:
                inside = not inside
        elif not inside:
            depth += 1 if mark == "{" else -1
            if depth == 0:
                return token.start()
    return len(text)
