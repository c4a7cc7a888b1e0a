"""Reading what coders print: lines cut anywhere, in any bytes, of any length (Q1, F4)."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

import msgspec

from mas.core.coding import AgentMessage, CoderReport, SayKind

LONGEST_LINE_BYTES: Final = 1 << 20
MOST_MESSAGES: Final = 300
LONGEST_MESSAGE: Final = 4_000
LAST_WORDS: Final = 8_000
"""Characters that a report keeps as a coder's last words."""
MOST_DENIED: Final = 50
MOST_HEARD: Final = 10_000
"""Messages that are handed on as they come; of a flood, only the end is read from there on."""

# Colours, cursor movements and titles of terminals.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


class Lines:
    """Puts pieces of output together to lines."""

    def __init__(self, *, longest: int = LONGEST_LINE_BYTES) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._dropped = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece completes, without their ends; a long one is cut, and noted."""
        first, *rest = piece.split(b"\n")
        self._take(first)
        if not rest:
            return []
        lines = [self.rest()]
        *whole, begun = rest
        for line in whole:
            if len(line) > self._longest:
                self._take(line)
                line = self.rest()
            lines.append(line)
        self._take(begun)
        return lines

    def rest(self) -> bytes:
        """The line that has begun, which is then over."""
        line = bytes(self._begun)
        if self._dropped:
            total = len(line) + self._dropped
            line += f" … ({total:,} bytes in all)".encode()
        self._begun.clear()
        self._dropped = 0
        return line

    def _take(self, part: bytes) -> None:
        room = self._longest - len(self._begun)
        self._begun += part[:room]
        self._dropped += max(0, len(part) - room)


class Talk:
    """The last messages of a coder, and how many there were."""

    def __init__(self) -> None:
        self._kept: deque[AgentMessage] = deque(maxlen=MOST_MESSAGES)
        self._total = 0

    def add(self, kind: SayKind, text: str) -> AgentMessage:
        """Keep a message, cut where it is long."""
        message = AgentMessage(kind=kind, text=cut(text, LONGEST_MESSAGE))
        self._kept.append(message)
        self._total += 1
        return message

    def skip(self, number: int) -> None:
        """Count messages that are not looked at."""
        self._total += number

    @property
    def flooded(self) -> bool:
        """Whether there were more messages than anybody reads as they come."""
        return self._total > MOST_HEARD

    @property
    def messages(self) -> tuple[AgentMessage, ...]:
        """What is kept; where that is not all, the first one says so."""
        left_out = self._total - len(self._kept)
        if not left_out:
            return tuple(self._kept)
        note = f"({left_out + 1:,} of {self._total:,} messages, the earlier ones, are not kept.)"
        return (AgentMessage(kind="text", text=note), *list(self._kept)[1:])


class TextReader:
    """Reads a coder that prints for people: each line that says anything is a message.

    Implements `core.coding.CoderReader`.
    """

    def __init__(self) -> None:
        self._lines = Lines()
        self._talk = Talk()
        self._words = _LastWords()

    def feed(self, piece: bytes) -> tuple[AgentMessage, ...]:
        """See `CoderReader.feed`."""
        lines = self._lines.feed(piece)
        if not self._talk.flooded:
            return tuple(filter(None, map(self._hear, lines)))
        self._talk.skip(sum(1 for line in lines[:-MOST_MESSAGES] if line.strip()))
        for line in lines[-MOST_MESSAGES:]:
            self._hear(line)
        return ()

    def report(self) -> CoderReport:
        """See `CoderReader.report`; whether it failed, its exit code says."""
        self._hear(self._lines.rest())
        return CoderReport(text=self._words.text, messages=self._talk.messages)

    def _hear(self, line: bytes) -> AgentMessage | None:
        text = shown(line)
        if not text.strip():
            return None
        self._words.add(text)
        return self._talk.add("text", text)


class _Event(msgspec.Struct, frozen=True):
    """A line of the coders that MAS brings along: `script_coder.py` and `claude_runner.py`."""

    type: str
    text: str = ""
    tool: str = ""
    failure: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class EventReader:
    """Reads JSON objects, one a line; any other line is taken as text.

    `say`, `use`, `result`, `error` and `denied` are messages, `usage` is added up, `end` holds the
    last words and the failure that the coder reports. Implements `core.coding.CoderReader`.
    """

    def __init__(self) -> None:
        self._lines = Lines()
        self._talk = Talk()
        self._words = ""
        self._other = _LastWords()
        self._failure = ""
        self._denied: dict[str, None] = {}
        self._used: tuple[int, int, float] = (0, 0, 0.0)

    def feed(self, piece: bytes) -> tuple[AgentMessage, ...]:
        """See `CoderReader.feed`."""
        flooded = self._talk.flooded
        heard = tuple(filter(None, map(self._hear, self._lines.feed(piece))))
        return () if flooded else heard

    def report(self) -> CoderReport:
        """See `CoderReader.report`."""
        self._hear(self._lines.rest())
        input_tokens, output_tokens, cost = self._used
        return CoderReport(
            text=self._words or self._other.text,
            failure=self._failure,
            denied=tuple(self._denied),
            messages=self._talk.messages,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_usd=cost,
        )

    def _hear(self, line: bytes) -> AgentMessage | None:
        event = _event(line)
        if event is None:
            text = shown(line)
            if not text.strip():
                return None
            self._other.add(text)
            return self._talk.add("text", text)
        return self._take(event)

    def _take(self, event: _Event) -> AgentMessage | None:
        text = event.text
        if event.type == "say":
            self._words = cut(text, LAST_WORDS)
            return self._talk.add("text", text)
        if event.type == "use":
            return self._talk.add("tool", f"{event.tool}: {text}" if text else event.tool)
        if event.type == "result":
            return self._talk.add("result", text)
        if event.type == "error":
            self._failure = cut(text, LONGEST_MESSAGE)
            return self._talk.add("error", text)
        if event.type == "denied":
            if len(self._denied) < MOST_DENIED:
                self._denied[cut(event.tool, 100)] = None
            return self._talk.add("denied", f"{event.tool}: {text}" if text else event.tool)
        if event.type == "usage":
            self._add_usage(event)
        elif event.type == "end":
            self._words = cut(text, LAST_WORDS) or self._words
            self._failure = cut(event.failure, LONGEST_MESSAGE)
        return None

    def _add_usage(self, event: _Event) -> None:
        before = self._used
        self._used = (
            before[0] + max(0, event.input_tokens),
            before[1] + max(0, event.output_tokens),
            before[2] + max(0.0, event.cost_usd),
        )


class _LastWords:
    """The end of what was said, in whole lines."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque()
        self._size = 0

    def add(self, line: str) -> None:
        line = cut(line, LAST_WORDS // 2)
        self._kept.append(line)
        self._size += len(line) + 1
        while self._size > LAST_WORDS:
            self._size -= len(self._kept.popleft()) + 1

    @property
    def text(self) -> str:
        return "\n".join(self._kept)


def shown(line: bytes) -> str:
    """A line of output as a person would see it: no colours, nothing that was written over."""
    text = _ESCAPES.sub("", line.decode("utf-8", "replace")).rstrip("\r")
    return text.rpartition("\r")[2].rstrip()


def cut(text: str, limit: int) -> str:
    """The text, or its beginning with the number of characters that there were."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … ({len(text):,} characters in all)"


def _event(line: bytes) -> _Event | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(line, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
