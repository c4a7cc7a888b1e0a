"""A finding of a rule, without language; `wording` turns it into a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from mas.core.decision import ReasonKind, Stance
from mas.core.tools import Text

Param: TypeAlias = "str | int | Text | Phrase | Sentences | tuple[Param, ...]"


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A message of `wording` with its parameters, to be said in either language."""

    key: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """Whole sentences, said one after the other; a bare tuple is a list with commas."""

    parts: tuple[Phrase | Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding(Phrase):
    """What one rule found: a reason for or against, with its evidence ids.

    `blocks` refuses the adoption; a finding that does not block is told and weighed by the reader.
    """

    kind: ReasonKind
    stance: Stance
    evidence: tuple[str, ...] = ()
    blocks: bool = False
