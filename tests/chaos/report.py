"""What a chaos run tells a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.chaos.check import Finding, Rule
from tests.chaos.faults import FaultKind
from tests.chaos.performance import Performance
from tests.chaos.plan import Plan

SHOWN = 20
"""Violations shown of each rule."""


def report(plan: Plan, performance: Performance, finding: Finding) -> Iterator[str]:
    """Lines."""
    figures = finding.figures
    sleeps = sum(fault.kind is FaultKind.SLEEP and fault.target.startswith("worker") for fault in plan.faults)
    yield f"{len(plan.orders)} jobs, {len(plan.faults)} faults in {performance.seconds:.0f} s"
    yield "  faults    " + _counts(Counter(fault.kind.value for fault in plan.faults))
    yield "  repeated  " + _counts(performance.repeats) + " (requests, by what was answered)"
    yield "  ended     " + (", ".join(performance.ended) or "none") + " (services by themselves)"
    yield "  jobs      " + _counts(figures.jobs)
    yield "  runs      " + _counts(figures.runs)
    yield "  restored  " + _counts(figures.restored) + " (in a lost second, or because of one)"
    yield (
        f"  woken     {figures.woken} lines by runs that slept over their lease ({sleeps} such freezes of workers), the"
        f" latest {figures.latest_ms:.0f} ms after SIGCONT; results of such runs stored: {figures.stale}"
    )
    broken = Counter(violation.rule for violation in finding.violations)
    yield "  none of   " + ", ".join(rule for rule in Rule if not broken[rule])
    for rule, count in broken.items():
        yield f"  FOUND     {rule}: {count}"
        shown = [violation for violation in finding.violations if violation.rule is rule][:SHOWN]
        yield from (f"    {violation.job or '-'}  {violation.text}" for violation in shown)
        if count > len(shown):
            yield f"    … and {count - len(shown)} more"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"
