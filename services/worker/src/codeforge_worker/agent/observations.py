"""What a person should look at first: conclusions from the facts, by rules, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codeforge_worker.agent.markdown import code, counted, size

RISKY_COMMITS = 3
RISKY_COMPLEXITY = 20
LARGE_BYTES = 5 * 1024 * 1024
LONG_LINES = 1500

Facts = Mapping[str, Any]


def observations(facts: Facts) -> Iterator[str]:
    """Sentences in Markdown."""
    for rule in (_hot_spot, _complex, _tests, _ci, _licence, _readme, _locks, _fixmes, _long_files, _large_files):
        if sentence := rule(facts):
            yield sentence


def _hot_spot(facts: Facts) -> str | None:
    spot = next(iter(facts["hotSpots"]), None)
    if spot is None or spot["commits"] < RISKY_COMMITS or spot["complexity"] < RISKY_COMPLEXITY:
        return None
    return (
        f"**{code(spot['path'])} is the riskiest place**: it changed in {spot['commits']} of the last"
        f" {facts['history']['commits']} commits, and its functions add up to a complexity of {spot['complexity']:,}."
        " Tests and smaller functions pay off here first."
    )


def _complex(facts: Facts) -> str | None:
    count = facts["complexity"]["complex"]
    if not count:
        return None
    worst = facts["complexity"]["most"][0]
    return (
        f"**{counted(count, 'function is', 'functions are')} hard to follow** (complexity"
        f" {facts['complexity']['threshold']} or more); the worst is {code(worst['function'])} in"
        f" {code(worst['path'] + ':' + str(worst['line']))} with {worst['complexity']}."
    )


def _tests(facts: Facts) -> str | None:
    if facts["practices"]["tests"] or not facts["languages"]:
        return None
    return "**No tests were found**: nothing tells whether a change breaks something."


def _ci(facts: Facts) -> str | None:
    if facts["practices"]["ci"] or not facts["languages"]:
        return None
    return "**No continuous integration is configured**, so nothing checks a change before it is merged."


def _licence(facts: Facts) -> str | None:
    if not facts["licence"]:
        return "**There is no licence file**: without one, nobody else may use the code, strictly speaking."
    if all(licence["id"] is None for licence in facts["licence"]):
        return f"The licence in {code(facts['licence'][0]['path'])} is none of the common ones; read it before use."
    return None


def _readme(facts: Facts) -> str | None:
    readme = facts["readme"]
    if readme["state"] == "missing":
        return "**There is no README**: a newcomer doesn't learn what this is or how to start."
    if readme["state"] == "short":
        return f"The README is very short ({counted(readme['words'], 'word')})."
    missing = [topic for topic in ("installation", "usage") if topic in readme["missing"]]
    if missing:
        return f"The README has no section on {' or '.join(missing)}."
    return None


def _locks(facts: Facts) -> str | None:
    ecosystems = {found["ecosystem"] for found in facts["dependencies"] if found["count"]}
    if not ecosystems & {"JavaScript", "Ruby", "PHP"} or facts["practices"]["locks"]:
        return None
    return "Dependencies aren't pinned by a lock file: two installations may differ."


def _fixmes(facts: Facts) -> str | None:
    count = facts["todos"]["kinds"].get("FIXME", 0)
    return f"{counted(count, 'comment')} marked FIXME: known faults that wait for somebody." if count else None


def _long_files(facts: Facts) -> str | None:
    # The largest files are known by bytes; a long source file is among them unless the repository holds much data.
    long = [file for file in facts["files"]["largest"] if file["lines"] > LONG_LINES and file["source"]]
    if not long:
        return None
    return f"{code(long[0]['path'])} has {long[0]['lines']:,} lines; it may be several things in one file."


def _large_files(facts: Facts) -> str | None:
    large = [file for file in facts["files"]["largest"] if file["bytes"] > LARGE_BYTES]
    if not large:
        return None
    listed = f"{code(large[0]['path'])}, {size(large[0]['bytes'])}"
    return f"{counted(len(large), 'file')} over {size(LARGE_BYTES)} ({listed}): every clone carries them for good."
