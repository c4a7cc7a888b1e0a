"""The request box: what its form says, the request that this means, and where a fault belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from math import isfinite

from mas.app.bounds import MOST_CHECKS
from mas.app.clusters import NO_CLUSTER
from mas.app.fanout import FanoutAsk
from mas.app.service import Ask
from mas.core.budget import NO_BUDGET, Budget
from mas.core.errors import MasError, UserError
from mas.core.language import plain
from mas.core.usage import MICROS_PER_USD
from mas.teams.fanout.order import MOST_AGENTS
from mas.web.forms import submission

TEAMS = ("auto", "decide", "operate", "build", "fanout")
SNAPSHOT = ":snapshot"
"""Choices that are no name: a context cannot begin with a colon here."""
CURRENT = ""
NOTHING = NO_CLUSTER
BUDGETS: Mapping[str, Budget] = {
    "small": Budget(cost_micros=1 * MICROS_PER_USD, time=timedelta(minutes=10)),
    "middle": Budget(cost_micros=5 * MICROS_PER_USD, time=timedelta(minutes=30)),
    "large": Budget(cost_micros=20 * MICROS_PER_USD, time=timedelta(hours=2)),
}
SETTINGS, OWN = "settings", "own"
_LARGEST = 1e12

_CODES_OF_FIELD: Mapping[str, str] = {
    "text": "empty_request request_too_long request_not_text prompt_too_long bad_prompt",
    "team": "unknown_team no_model model_setting model_key",
    "cluster": "cluster_unknown context_missing context_unknown kubeconfig_invalid "
    "snapshot_unusable server_unreachable server_answer unauthorized credentials",
    "repo": "bad_repository incomplete_repository no_repository not_a_repository "
    "repository_unreachable unsupported_repository",
    "ref": "unknown_ref",
    "coder": "no_coder unknown_coder coder_missing bad_coder bad_script",
    "checks": "bad_check",
    "agents": "bad_agent_count",
    "budget": "budget",
}
_FIELD_OF_CODE: Mapping[str, str] = {
    code: field for field, codes in _CODES_OF_FIELD.items() for code in codes.split()
}


class FormFault(Exception):
    """Something in the form cannot be used: its field, the key of a sentence and its values."""

    def __init__(self, field: str, word: str, **values: str) -> None:
        super().__init__(word)
        self.field = field
        self.word = word
        self.values = values


@dataclass(frozen=True, kw_only=True)
class AskForm:
    """What stands in the fields, as it was typed."""

    text: str = ""
    team: str = "auto"
    agents: str = "3"
    cluster: str = CURRENT
    snapshot: str = ""
    repo: str = ""
    ref: str = ""
    coder: str = ""
    checks: str = ""
    budget: str = "middle"
    usd: str = ""
    minutes: str = ""
    tokens: str = ""
    key: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> AskForm:
        """The fields that there are; what the form does not have is left out."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in names})

    @property
    def shown_agents(self) -> int:
        """Where the slider stands."""
        return min(max(int(self.agents), 1), MOST_AGENTS) if self.agents.isdecimal() else 3

    def submission(self) -> str:
        """A key that is the same for the same form sent twice, and another for every other."""
        return submission(*(f"{field.name}={getattr(self, field.name)}" for field in fields(self)))

    def to_ask(self) -> Ask:
        """The request that this means.

        Raises:
            FormFault: A field cannot be used.
        """
        if self.team not in TEAMS:
            raise FormFault("team", "start.fault.team")
        fanout = self.team == "fanout" or (self.team == "auto" and bool(self.repo.strip()))
        return Ask(
            # Browsers send lines as CR LF.
            text=self.text.replace("\r\n", "\n"),
            team=None if self.team == "auto" else self.team,
            cluster=None if self.team in ("build", "fanout") else self._cluster(),
            budget=self._budget(),
            fanout=self._fanout() if fanout else FanoutAsk(),
        )

    def field_of(self, error: MasError) -> str:
        """The field that an error is about; empty: none of them."""
        field = _FIELD_OF_CODE.get(error.code, "")
        if field == "cluster" and self.cluster == SNAPSHOT:
            return "snapshot"
        if field:
            return field
        return "coder" if isinstance(error, UserError) and "coder" in error.code else ""

    def retold(self, error: MasError) -> FormFault | None:
        """What the form knows better than an error: that a file was meant, and no context."""
        if self.cluster == SNAPSHOT and error.code == "cluster_unknown":
            path = plain(self.snapshot, limit=300)
            return FormFault("snapshot", "start.fault.no_snapshot", path=path)
        return None

    def _cluster(self) -> str | None:
        if self.cluster == SNAPSHOT:
            if not self.snapshot.strip():
                raise FormFault("snapshot", "start.fault.snapshot")
            return self.snapshot.strip()
        return self.cluster.strip() or None

    def _fanout(self) -> FanoutAsk:
        if self.team != "fanout":
            # The other fields are not seen then, whatever stands in them.
            return FanoutAsk(repo=self.repo.strip())
        if not (self.agents.isdecimal() and 1 <= int(self.agents) <= MOST_AGENTS):
            raise FormFault("agents", "start.fault.agents")
        checks = tuple(line.strip() for line in self.checks.splitlines() if line.strip())
        return FanoutAsk(
            agents=int(self.agents),
            repo=self.repo.strip() or None,
            ref=self.ref.strip() or None,
            checks=checks[:MOST_CHECKS],
            coders=(self.coder.strip(),) if self.coder.strip() else (),
        )

    def _budget(self) -> Budget:
        if self.budget in BUDGETS:
            return BUDGETS[self.budget]
        if self.budget != OWN:
            return NO_BUDGET
        usd, minutes = _number(self.usd, "usd"), _number(self.minutes, "minutes")
        tokens = _number(self.tokens, "tokens")
        return Budget(
            tokens=None if tokens is None else max(int(tokens), 1),
            cost_micros=None if usd is None else max(round(usd * MICROS_PER_USD), 1),
            time=None if minutes is None else timedelta(minutes=min(minutes, 5_000_000.0)),
        )


def _number(told: str, field: str) -> float | None:
    text = told.strip().replace(",", "").removeprefix("$")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (isfinite(value) and 0 < value <= _LARGEST):
        raise FormFault(field, "start.fault.number")
    return value
