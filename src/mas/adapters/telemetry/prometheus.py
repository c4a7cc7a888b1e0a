"""Metrics for Prometheus: counted in this process, or read off the journal when it scrapes (P3).

Labels are names of roles, teams, models, states, routes and error codes, of which there are few;
never a run, a person or a path.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mas import __version__
from mas.core.overview import Counts
from mas.core.run import RunStatus, StopReason, TaskState
from mas.core.usage import MICROS_PER_USD, Usage

MOST_MODELS = 50
"""Models with a label of their own; a request may name any model."""
OTHER = "other"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TASK_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200)
_MODEL_SECONDS = (0.25, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300)
_HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PrometheusTelemetry:
    """Implements `core.telemetry.Telemetry`, with a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self._models: set[str] = set()
        self._now = _Now()
        self._registry.register(self._now)
        ProcessCollector(registry=self._registry)
        about = Info("mas_build", "The MAS that answers.", registry=self._registry)
        about.info({"version": __version__, "python": platform.python_version()})
        self._run_seconds = self._histogram(
            "mas_run_seconds",
            "Wall time of the runs that this process has driven to their end.",
            ("team", "status", "stop_reason"),
            _TASK_SECONDS,
        )
        self._task_seconds = self._histogram(
            "mas_task_seconds",
            "Time of the last attempt of tasks that have ended in this process.",
            ("role", "team", "state"),
            _TASK_SECONDS,
        )
        self._task_failures = self._counter(
            "mas_task_failures", "Attempts that have failed, by error code.", ("role", "code")
        )
        self._tokens = self._counter(
            "mas_tokens",
            "Tokens that models have read (input) and written (output).",
            ("role", "model", "direction"),
        )
        self._cost = self._counter(
            "mas_cost_usd",
            "What models have cost, in US dollars, where their price is known.",
            ("role", "model"),
        )
        self._model_seconds = self._histogram(
            "mas_model_request_seconds",
            "Time of requests to models, with their retries.",
            ("model", "ok"),
            _MODEL_SECONDS,
        )
        self._http_seconds = self._histogram(
            "mas_http_request_seconds",
            "Time of HTTP requests; of streams until they begin.",
            ("method", "route", "status"),
            _HTTP_SECONDS,
        )
        self._open_streams = Gauge(
            "mas_http_open_streams",
            "Streams of events that this process sends just now.",
            registry=self._registry,
        )

    def task_ended(self, *, role: str, team: str, state: TaskState, took: timedelta) -> None:
        """See `Telemetry`."""
        self._task_seconds.labels(role, team, state.value).observe(took.total_seconds())

    def attempt_failed(self, *, role: str, code: str) -> None:
        """See `Telemetry`."""
        self._task_failures.labels(role, code).inc()

    def run_ended(
        self, *, team: str, status: RunStatus, stop_reason: StopReason | None, took: timedelta
    ) -> None:
        """See `Telemetry`."""
        self._run_seconds.labels(team, status.value, stop_reason or "").observe(
            took.total_seconds()
        )

    def spent(self, *, role: str, model: str, usage: Usage) -> None:
        """See `Telemetry`."""
        model = self._known(model)
        self._tokens.labels(role, model, "input").inc(usage.input_tokens)
        self._tokens.labels(role, model, "output").inc(usage.output_tokens)
        self._cost.labels(role, model).inc(usage.cost_micros / MICROS_PER_USD)

    def model_call(self, *, model: str, took: timedelta, ok: bool) -> None:
        """See `Telemetry`."""
        self._model_seconds.labels(self._known(model), str(ok).lower()).observe(
            took.total_seconds()
        )

    def http_request(self, *, method: str, route: str, status: int, took: timedelta) -> None:
        """A request was answered. `route` is the template of its address, never the address."""
        known = method if method in _METHODS else OTHER
        self._http_seconds.labels(known, route, str(status)).observe(took.total_seconds())

    def stream_began(self) -> None:
        """One stream of events more is sent."""
        self._open_streams.inc()

    def stream_ended(self) -> None:
        """One stream of events less is sent."""
        self._open_streams.dec()

    def exposition(self, accept: str, *, counts: Counts) -> tuple[bytes, str]:
        """All metrics in the best format that `accept` allows, and its content type.

        `counts` is what the journal says just now, the same for every replica.
        """
        self._now.counts = counts
        encode, content_type = choose_encoder(accept)
        return encode(_WithoutBirthdays(self._registry)), content_type

    def _known(self, model: str) -> str:
        if model not in self._models and len(self._models) >= MOST_MODELS:
            return OTHER
        self._models.add(model)
        return model

    def _counter(self, name: str, help_: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, help_, labels, registry=self._registry)

    def _histogram(
        self, name: str, help_: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(name, help_, labels, registry=self._registry, buckets=buckets)


class _WithoutBirthdays(Collector):
    """Leaves out when each series was made: that would be a series more for each."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """What the registry has."""
        for metric in self._registry.collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric


class _Now(Collector):
    """Gauges of what is there when Prometheus scrapes."""

    def __init__(self) -> None:
        self.counts = Counts(runs={}, tasks={})

    def collect(self) -> Iterable[Metric]:
        """The gauges, from what was read for this scrape."""
        runs = GaugeMetricFamily(
            "mas_runs", "Runs in the journal, of all replicas.", labels=("team", "status")
        )
        for (team, status), count in sorted(self.counts.runs.items()):
            runs.add_metric((team, status.value), count)
        yield runs
        tasks = GaugeMetricFamily(
            "mas_tasks",
            "Tasks of runs that have not ended, of all replicas: ready ones are the queue.",
            labels=("role", "state"),
        )
        for (role, state), count in sorted(self.counts.tasks.items()):
            tasks.add_metric((role, state.value), count)
        yield tasks
