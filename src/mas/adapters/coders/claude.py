"""Claude Code as a coder, through claude-agent-sdk, wholly inside the sandbox (A7).

`claude_runner.py` is handed over with its order and run by the sandbox's Python, which has to
have claude-agent-sdk; nothing of the SDK is loaded here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mas.adapters.coders.commands import INSTRUCTIONS_FILE, PROMPT_FILE, to_bytes
from mas.adapters.coders.reading import EventReader
from mas.core.coding import CoderReader, CoderStart, CoderTask, Wire
from mas.core.errors import UserError
from mas.core.values import encode_json

ORDER_FILE: Final = "order.json"
_RUNNER: Final = "claude_runner.py"
_PACKAGE: Final = "claude_agent_sdk"


@dataclass(frozen=True, kw_only=True)
class ClaudeOptions:
    """How Claude Code works inside its sandbox."""

    permission_mode: str = "bypassPermissions"
    """The sandbox around it is what holds it; other modes deny what nobody can be asked for."""
    tools: tuple[str, ...] | None = None
    """The tools that it has; None: all of its own."""
    max_turns: int | None = None
    max_retries: int = 4
    """Of one request to the model, on errors that may pass."""
    use_mcp_serve: bool = False
    """Adds `claude mcp serve` as an STDIO server: tools without permission checks, and about
    200 MB more memory for each agent."""


@dataclass(frozen=True, kw_only=True)
class ClaudeCoder:
    """Claude Code. Implements `core.coding.Coder`."""

    options: ClaudeOptions = field(default=ClaudeOptions())
    programs: tuple[Path, ...] = ()
    name: str = "claude"
    wire: Wire | None = "anthropic"

    def start(self, task: CoderTask) -> CoderStart:
        """See `Coder.start`."""
        seat, options = task.seat, self.options
        order = {
            "instructions": f"{seat.control}/{INSTRUCTIONS_FILE}",
            "workdir": seat.worktree,
            "model": None if task.access is None else task.access.model,
            "permission_mode": options.permission_mode,
            "tools": options.tools,
            "max_turns": options.max_turns,
            "use_mcp_serve": options.use_mcp_serve,
        }
        return CoderStart(
            argv=(
                task.python,
                "-I",
                "-B",
                f"{seat.control}/{_RUNNER}",
                f"{seat.control}/{ORDER_FILE}",
            ),
            environment=self._environment(task),
            files={
                _RUNNER: Path(__file__).with_name(_RUNNER).read_bytes(),
                ORDER_FILE: encode_json(order),
                PROMPT_FILE: to_bytes(task.prompt),
                INSTRUCTIONS_FILE: to_bytes(task.instructions),
            },
            programs=self.programs,
        )

    def reader(self) -> CoderReader:
        """See `Coder.reader`."""
        return EventReader()

    def _environment(self, task: CoderTask) -> dict[str, str]:
        environment = {
            # Root may bypass permissions in a sandbox only.
            "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": str(self.options.max_retries),
            "DISABLE_AUTOUPDATER": "1",
            # Each call is reserved with the most that it may answer: its own is four times that.
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "32000",
        }
        if task.access is not None:
            environment |= {
                "ANTHROPIC_BASE_URL": task.access.base_url,
                "ANTHROPIC_API_KEY": task.access.token,
                # Small questions of its own go to the same model: it is the only one there is.
                "ANTHROPIC_DEFAULT_HAIKU_MODEL": task.access.model,
            }
        return environment


def claude_coder(options: ClaudeOptions, *, installed: bool) -> ClaudeCoder:
    """Claude Code, on this machine (`installed`) or from the image of an executor.

    Raises:
        UserError: claude-agent-sdk is not installed here (`coder_missing`).
    """
    if not installed:
        return ClaudeCoder(options=options)
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            "The coder claude needs claude-agent-sdk, which is not installed.",
            hint="Install it: pip install 'mas[claude]'",
            code="coder_missing",
        )
    return ClaudeCoder(options=options, programs=(Path(spec.origin).parents[1],))
