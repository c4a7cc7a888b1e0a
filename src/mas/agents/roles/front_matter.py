"""The YAML between the two `---` lines at the top of a Markdown file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

_FENCE = "---"
_FIRST_LINE = 2
"""The line of the file on which the YAML begins."""

_PLAIN = re.compile(r"([A-Za-z_][\w-]*):[ \t]+(?![\"'\[{|>&*!%@`#])(\S.*?)[ \t]*")


class BadFrontMatter(Exception):
    """What is wrong, as the end of a sentence, and on which line of the file."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, kw_only=True)
class FrontMatter:
    """`values` hold text, lists and mappings: `40`, `yes` and `null` are text, too.

    `lines` are those on which the keys stand, from 1.
    """

    values: Mapping[str, object]
    lines: Mapping[str, int]
    body: str
    """The Markdown below, without white space around it."""
    mended: bool = False
    """It was no YAML as it stood: texts with `: ` inside were taken as if quoted."""


def read_front_matter(text: str) -> FrontMatter:
    """Take a file apart.

    Descriptions with an unquoted `: ` are common in such files and are understood.

    Raises:
        BadFrontMatter: There is none, it is not closed, or it is no mapping in YAML.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        raise BadFrontMatter(1, "it has no front matter: the first line has to be ---")
    ends = (number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE)
    end = next(ends, None)
    if end is None:
        raise BadFrontMatter(1, "the front matter is not closed: a second line --- is missing")
    matter, body = lines[1:end], "\n".join(lines[end + 1 :]).strip()
    mended = False
    try:
        values, places = _parse("\n".join(matter))
    except BadFrontMatter as bad:
        quoted = [_quoted(line) for line in matter]
        if quoted == matter:
            raise
        try:
            values, places = _parse("\n".join(quoted))
        except BadFrontMatter:
            raise bad from None
        mended = True
    return FrontMatter(values=values, lines=places, body=body, mended=mended)


def _parse(text: str) -> tuple[Mapping[str, object], Mapping[str, int]]:
    # The base loader makes text of every scalar, so that `no` is a name and no truth value.
    try:
        loader = yaml.BaseLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return {}, {}
            lines = _lines(node)
            values: Mapping[str, object] = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = _FIRST_LINE + (mark.line if mark else 0)
        raise BadFrontMatter(line, f"it is not valid YAML: {exc.problem or exc.context}") from exc
    except yaml.reader.ReaderError as exc:
        line = _FIRST_LINE + text.count("\n", 0, exc.position)
        raise BadFrontMatter(line, "it is not valid YAML: a sign that may not stand there") from exc
    except RecursionError as exc:
        raise BadFrontMatter(_FIRST_LINE, "it is nested too deeply") from exc
    return values, lines


def _lines(node: yaml.Node) -> Mapping[str, int]:
    if not isinstance(node, yaml.MappingNode):
        raise BadFrontMatter(_FIRST_LINE, "the front matter has to be lines of `key: value`")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = _FIRST_LINE + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise BadFrontMatter(line, "a key has to be a word")
        if key.value in lines:
            raise BadFrontMatter(line, f"{key.value!r} stands there twice")
        lines[key.value] = line
    return lines


def _quoted(line: str) -> str:
    """A line `key: text` whose text holds another `: `, in quotes; any other as it is."""
    found = _PLAIN.fullmatch(line)
    if found is None or ": " not in found[2]:
        return line
    return f"{found[1]}: {json.dumps(found[2], ensure_ascii=False)}"
