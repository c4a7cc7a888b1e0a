"""What MAS says of an error, in Korean: one entry for each code, one file for each topic.

In English the program's own sentence is shown, which names what it is about. In Korean a code has a
sentence and a next step here, without values; where the values matter, the program's own sentence
stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from mas.web.wording.failures import (
    access,
    agents,
    clusters,
    executors,
    fanout,
    models,
    requests,
    runs,
    storage,
)
from mas.web.wording.failures.said import Said

TOPICS: tuple[Mapping[str, Said], ...] = (
    access.KOREAN,
    agents.KOREAN,
    clusters.KOREAN,
    executors.KOREAN,
    fanout.KOREAN,
    models.KOREAN,
    requests.KOREAN,
    runs.KOREAN,
    storage.KOREAN,
)
KOREAN: Mapping[str, Said] = {code: said for topic in TOPICS for code, said in topic.items()}

__all__ = ["KOREAN", "TOPICS", "Said"]
