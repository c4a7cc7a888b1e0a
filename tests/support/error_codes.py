"""The codes of errors as they stand in the source, with what is said with each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mas

SOURCE = Path(mas.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Code:
    """One place where a code is given to an error, or to what becomes one."""

    code: str
    """`{}` stands for each part that is put in."""
    place: str
    """File below `src/mas` and line."""
    constant: bool
    """Whether the sentence holds no values."""


@cache
def codes_of(source: Path = SOURCE) -> tuple[Code, ...]:
    """Every `code=` with a text, and every `default_code`, of the files below a folder."""
    return tuple(
        found
        for path in sorted(source.rglob("*.py"))
        for found in _in_file(path, path.relative_to(source).as_posix())
    )


def _in_file(path: Path, name: str) -> Iterator[Code]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            sentence = node.args[0] if node.args else given.get("message", given.get("found"))
            constant = isinstance(sentence, ast.Constant)
            for code in _texts(given["code"]) if "code" in given else ():
                yield Code(code=code, place=f"{name}:{node.lineno}", constant=constant)
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "default_code"
        ):
            for code in _texts(node.value):
                yield Code(code=code, place=f"{name}:{node.lineno}", constant=False)


def _texts(node: ast.expr) -> Iterator[str]:
    """A constant text, one that is put together, or those of a choice; of others nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = (str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
