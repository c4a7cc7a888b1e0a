"""From the name of a coder, as in `--coder`, to the coder (A7)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mas.adapters.coders.claude import ClaudeOptions, claude_coder
from mas.adapters.coders.commands import command_coder, preset_coder
from mas.adapters.coders.presets import PRESETS
from mas.adapters.coders.script import script_coder
from mas.core.coding import Coder
from mas.core.errors import UserError
from mas.core.language import plain

CLAUDE: Final = "claude"
_KNOWN: Final = (CLAUDE, "mas", *PRESETS, "script:FILE", "command:ARGV")


def coder_named(
    named: str, *, path: str, installed: bool = True, claude: ClaudeOptions | None = None
) -> Coder:
    """The coder of a name; files and programs are looked at, nothing is started.

    Args:
        named: `claude`, a preset, `script:FILE` or `command:ARGV`. `mas` is no process, and
            unknown here.
        path: The `PATH` on which programs are looked for.
        installed: Whether coders run on this machine; elsewhere they come with the image, and
            nothing is looked for here.
        claude: How Claude Code works; None: as it does by itself.

    Raises:
        UserError: It is unknown (`unknown_coder`), its program is not installed
            (`coder_missing`), its command cannot be read (`bad_coder`), or its script
            (`bad_script`).
    """
    kind, colon, rest = named.partition(":")
    if colon and kind == "command":
        return command_coder(rest, path=path, installed=installed)
    if colon and kind == "script":
        if not rest:
            raise UserError(
                "The coder script: names no file.",
                hint="Write it as script:FILE, for example: script:steps.json",
                code="bad_script",
            )
        return script_coder(Path(rest).expanduser())
    if named == CLAUDE:
        return claude_coder(claude or ClaudeOptions(), installed=installed)
    preset = PRESETS.get(named)
    if preset is not None:
        return preset_coder(preset, path=path, installed=installed)
    raise UserError(
        f"There is no coder {plain(named, limit=60)!r}.",
        hint=f"Coders are: {', '.join(_KNOWN)}.",
        code="unknown_coder",
    )
