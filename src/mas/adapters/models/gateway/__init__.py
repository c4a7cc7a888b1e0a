"""The model gateway: models for coding agents in processes, containers and pods of their own (A8).

An agent gets an address of MAS and a token of its task, never a key. The gateway puts the key in,
reserves each call in the budget before it is made, counts what it has used, and keeps it for
replay. `Gateway.admit` is the one door; `replay` makes scripts out of what was kept.

Lives here: the wire between an agent and a provider. Does not live here: what a budget is
(`engine`, behind `core.metering.Meter`), how a sandbox reaches the gateway (`executors`). The
server and the client load when a gateway is opened. Called by `app`.
"""

from mas.adapters.models.gateway.admission import Admission
from mas.adapters.models.gateway.gateway import Gateway

__all__ = ["Admission", "Gateway"]
