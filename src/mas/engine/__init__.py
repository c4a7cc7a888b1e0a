"""How a run survives: it is accepted, planned, carried out, reviewed and ended, whatever dies.

Lives here: the engine (what a face may ask of runs), the driver (carries one run on), attempts
(one go at one task, with its records and effects), the journal (transactions over the record),
who owns a task. Does not live here: SQL (`adapters.stores`), what is planned (`teams`), how a
task is done (`agents`). Called by `app`; teams and doers come in through ports of `core`.
"""

from mas.engine.engine import Engine
from mas.engine.journal.claiming import Limits
from mas.engine.settings import EngineSettings

__all__ = ["Engine", "EngineSettings", "Limits"]
