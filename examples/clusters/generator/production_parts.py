"""Names that the parts of the production cluster share."""

from __future__ import annotations

REGISTRY = "471112345678.dkr.ecr.eu-central-1.amazonaws.com"


TEAMS = (
    "accounts",
    "billing",
    "cards",
    "catalogue",
    "checkout",
    "claims",
    "documents",
    "fraud",
    "identity",
    "ledger",
    "limits",
    "mailing",
    "partners",
    "payments",
    "pricing",
    "profile",
    "reporting",
    "risk",
    "search",
    "support",
)
