"""A histogram for what every job is timed by: as prometheus_client shows it, at a third of its price."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import INF, floatToGoString


class Series:
    """Durations with the same labels. Observed by one thread only, and so without a lock; scraped by any."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many were in each bucket, and not in the one before; the last has no bound."""
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds


class Durations(Collector):
    """A histogram in seconds, with ``labels``. ``buckets``: their upper bounds, growing."""

    def __init__(self, name: str, text: str, *, labels: Sequence[str], buckets: Sequence[float]) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._buckets = buckets
        self._series: dict[tuple[str, ...], Series] = {}

    def labels(self, *values: str) -> Series:
        """The series with these labels, shown from now on."""
        series = self._series.get(values)
        if series is None:
            series = self._series.setdefault(values, Series(self._buckets))
        return series

    def collect(self) -> Iterator[Metric]:
        """The one family."""
        bounds = [floatToGoString(bound) for bound in (*self._buckets, INF)]  # type: ignore[no-untyped-call]
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, series in list(self._series.items()):
            family.add_metric(
                values, buckets=list(zip(bounds, accumulate(series.counts), strict=True)), sum_value=series.sum
            )
        yield family
