"""What /metrics tells: requests, seconds by endpoint and stage, queues, what is kept, memory and disk."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
Reading = Callable[[], Iterable[tuple[tuple[str, ...], float]]]  # labels' values, and the value


class Metrics:
    """Counts what happens; `watch` adds what is read when it is asked for."""

    def __init__(self):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # the process's memory among it
        self._requests = Counter(
            "explorer_requests", "HTTP requests", ["endpoint", "status"], registry=self.registry
        )
        self._request_seconds = Histogram(
            "explorer_request_seconds",
            "Seconds of HTTP requests",
            ["endpoint"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self._errands = Counter(
            "explorer_errands", "What was done at a desk", ["desk", "name", "outcome"], registry=self.registry
        )
        self._stage_seconds = Histogram(
            "explorer_stage_seconds",
            "Seconds of a stage of what was done",
            ["name", "stage"],
            registry=self.registry,
            buckets=SECONDS,
        )

    def requested(self, endpoint: str, status: int, seconds: float) -> None:
        self._requests.labels(endpoint, str(status)).inc()
        self._request_seconds.labels(endpoint).observe(seconds)

    def done(self, desk: str, name: str, outcome: str) -> None:
        self._errands.labels(desk, name, outcome).inc()

    def took(self, name: str, stage: str, seconds: float) -> None:
        self._stage_seconds.labels(name, stage).observe(seconds)

    def watch(self, name: str, about: str, labels: list[str], read: Reading) -> None:
        """Add a gauge that is read whenever the metrics are asked for."""
        self.registry.register(_Gauge(f"explorer_{name}", about, labels, read))

    def watch_disk(self, folder: Path) -> None:
        self.watch("disk_free_bytes", "Free on the disk of uploads", [], lambda: [((), free_bytes(folder))])


class _Gauge(Collector):
    def __init__(self, name: str, about: str, labels: list[str], read: Reading):
        self._row = (name, about)
        self._labels = labels
        self._read = read

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(*self._row, labels=self._labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(*self._row, labels=self._labels)]


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that a folder is on, or will be on when it is made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free
