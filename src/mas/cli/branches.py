"""`mas runs diff` and `mas runs merge`: the branches of a fanout run."""

from __future__ import annotations

import shlex
import sys

from mas.app.service import open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json
from mas.core.errors import UserError
from mas.core.language import plain


async def show_diff(
    settings: Settings, named: str, agents: str | None, *, stat: bool, as_json: bool
) -> int:
    """Print what one agent has changed, or how two differ."""
    wanted = tuple(agent_number(word) for word in agents.split(",")) if agents else ()
    async with open_service(settings) as service:
        compared = await service.diff(await service.find(named), wanted, stat_only=stat)
    found = compared.diff
    if as_json:
        print_json(
            {
                "from": compared.before,
                "to": compared.after,
                "files": [
                    {
                        "path": one.path,
                        "change": one.change,
                        "additions": one.additions,
                        "deletions": one.deletions,
                    }
                    for one in found.files
                ],
                "additions": found.additions,
                "deletions": found.deletions,
                "diff": found.text,
                "total_bytes": found.total_bytes,
            }
        )
        return exits.DONE
    if stat:
        for one in found.files:
            print(f"{one.change} {plain(one.path)} +{one.additions} -{one.deletions}")
    elif found.text:
        print(found.text, end="" if found.text.endswith("\n") else "\n")
    if found.cut and not stat:
        print(f"mas: cut: {found.total_bytes:,} bytes in all.", file=sys.stderr)
    print(
        f"mas: {compared.before}..{compared.after}: {len(found.files)} files, "
        f"+{found.additions} -{found.deletions}",
        file=sys.stderr,
    )
    return exits.DONE


async def merge_agent(
    settings: Settings,
    named: str,
    agent: str | None,
    *,
    into: str | None,
    deliver: bool,
    as_json: bool,
) -> int:
    """Merge one agent's work; a conflict names the files and moves nothing."""
    number = None if agent is None else agent_number(agent)
    async with open_service(settings) as service:
        winner = await service.merge(await service.find(named), number, into=into, deliver=deliver)
    merged = winner.merged
    if as_json:
        print_json(
            {
                "agent_id": winner.agent,
                "into": merged.branch,
                "merged": not merged.conflicts,
                "moved": merged.moved,
                "commit": merged.commit,
                "conflicts": list(merged.conflicts),
                "run_dir": str(winner.run_dir),
                "delivered": winner.delivered or None,
            }
        )
    if merged.conflicts:
        files = ", ".join(plain(path, limit=200) for path in merged.conflicts[:20])
        more = f" and {len(merged.conflicts) - 20} more" if len(merged.conflicts) > 20 else ""
        print(
            f"mas: agent {winner.agent} and {merged.branch} conflict in {files}{more}; "
            f"nothing was moved. Merge by hand in a clone of {winner.run_dir}.",
            file=sys.stderr,
        )
        return exits.FAILED
    if as_json:
        return exits.DONE
    if not merged.moved:
        print(f"{merged.branch} has the work of agent {winner.agent} already.")
    else:
        print(f"agent {winner.agent} is merged into {merged.branch}: {merged.commit[:12]}")
    if winner.delivered:
        print(f"Your repository has it as the new branch {winner.delivered}.")
    else:
        words = shlex.join(("git", "fetch", str(winner.run_dir), merged.branch))
        print(f"Take it over: {words}")
    return exits.DONE


def agent_number(word: str) -> int:
    """The agent that a person names: `2`, or `agent-2`.

    Raises:
        UserError: It is no number.
    """
    text = word.strip().removeprefix("agent-")
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise UserError(
            f"{plain(word, limit=40)!r} is no agent.",
            hint="Give its number, such as 2.",
            code="bad_agents",
        )
    return int(text)
