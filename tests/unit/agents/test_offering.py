"""A model is offered as many tools as it can choose among (O2)."""

from __future__ import annotations

from mas.agents.offering import OFFER_LIMIT, offered
from mas.core.calls import ToolSpec


def tool(name: str, description: str = "", origin: str = "big") -> ToolSpec:
    return ToolSpec(name=name, description=description, schema={"type": "object"}, origin=origin)


BUILT_IN = tuple(tool(f"files.t{n}", origin="built-in") for n in range(10))
MANY = tuple(tool(f"big.tool_{n}", f"Does thing number {n}") for n in range(500))


def test_o2_few_tools_are_offered_as_they_are() -> None:
    assert offered(BUILT_IN, "anything") == BUILT_IN


def test_o2_of_many_tools_the_built_in_ones_and_those_about_the_work_are_offered() -> None:
    asked = (tool("big.refund_invoice", "Refund an invoice of a customer"),)
    found = offered((*MANY, *BUILT_IN, *asked), "Please refund the invoice.")
    assert len(found) == OFFER_LIMIT
    assert all(spec in found for spec in BUILT_IN)
    assert asked[0] in found
    assert found == offered((*MANY, *BUILT_IN, *asked), "Please refund the invoice.")
