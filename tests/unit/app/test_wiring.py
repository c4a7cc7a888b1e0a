"""Limits in role files hold, and those of the settings go before them (A1, R4, R8)."""

from __future__ import annotations

from pathlib import Path

from mas.app.settings import LimitSettings, Settings
from mas.app.wiring import engine_settings
from mas.core.plan import TaskLimits
from mas.core.roles import Role, RoleLimits


def role(name: str, **limits: object) -> Role:
    return Role(name=name, description="x", instructions="x", limits=RoleLimits(**limits))


def test_r4_tasks_of_a_role_at_once_come_from_its_file_unless_the_settings_say_otherwise() -> None:
    roles = {"a": role("a", concurrent=3), "b": role("b", concurrent=5), "c": role("c")}
    settings = Settings(home=Path("/nowhere"), tasks=LimitSettings(roles={"b": 1, "d": 2}))
    assert engine_settings(settings, roles).limits.by_role == {"a": 3, "b": 1, "d": 2}


def test_r8_what_a_task_may_use_comes_from_the_file_of_its_role() -> None:
    roles = {"a": role("a", tokens=100, seconds=5.0), "b": role("b")}
    found = engine_settings(Settings(home=Path("/nowhere")), roles).task_limits
    assert found == {"a": TaskLimits(tokens=100, seconds=5.0), "b": TaskLimits()}
