"""What may happen in a history: the name of a step of the machine and the values that it is told with, by weight."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from codeforge_common.store import OutcomeKind, Served
from tests.common.store.harness import AGENT, LEASE, OTHER
from tests.common.store.model_job import OUTPUT

AGENTS = Served(type=AGENT.name, lease_ms=LEASE)
BATCHES = Served(type=OTHER.name, lease_ms=6_000, batch=2, gather_ms=300)
BOTH = (AGENTS, BATCHES)
MOST_PICKED = 7
"""The greatest number that picks one of what came before."""

_NAMES = st.sampled_from(["w1", "w2"])
_PICK = st.integers(0, MOST_PICKED)
_CALLERS = st.sampled_from([None, None, None, "ann", "bob"])
_STEPS = st.sampled_from(["plan", "code"])
# What brings a job back makes longer histories than what ends it.
_KINDS = st.sampled_from([*OutcomeKind, OutcomeKind.RETRY, OutcomeKind.HANDED_BACK, OutcomeKind.FAILED])

_SUBMIT: dict[str, Any] = {
    "user": st.sampled_from(["ann", "bob"]),
    "type": st.sampled_from([AGENT, AGENT, OTHER]),
    "delay": st.sampled_from([0, 0, 0, 5_000]),
    "run_at": st.sampled_from([None, None, None, -1_000, 8_000]),
    "priority": st.sampled_from([0, 0, 4]),
    "attempts": st.integers(1, 3),
    "key": st.sampled_from([None, None, "k1", "k2"]),
    "digest": st.sampled_from(["a", "b"]),
    "twin": st.sampled_from([None, None, None, 0, 1]),
}
SUBMITS = st.fixed_dictionaries(_SUBMIT)


_ACTIONS: dict[str, tuple[int, dict[str, Any]]] = {
    "submit": (3, _SUBMIT),
    "cancel": (1, {"pick": _PICK, "caller": _CALLERS, "reason": st.sampled_from([None, "enough"])}),
    "retry": (
        3,
        {
            "pick": _PICK,
            "caller": _CALLERS,
            "sealed": st.sampled_from([None, b"\xfe"]),
            "step": st.sampled_from([None, None, None, "plan", "code"]),
        },
    ),
    "look": (1, {"user": st.sampled_from(["ann", "bob"]), "offset": st.integers(0, OUTPUT)}),
    "claim": (
        7,
        {
            "name": _NAMES,
            "slots": st.sampled_from([1, 2, 3, 0]),
            "serves": st.sampled_from([BOTH, BOTH[::-1], BOTH[:1]]),
        },
    ),
    "report": (
        3,
        {
            "pick": _PICK,
            "progress": st.none() | st.integers(0, 100),
            "stage": st.sampled_from([None, "Cloning"]),
            "lines": st.sampled_from([(), ("a line",)]),
            "output": st.sampled_from(["", "abc", "ế", "🔧 "]),
        },
    ),
    "finish_step": (3, {"pick": _PICK, "name": _STEPS, "private": st.booleans()}),
    "forget_steps": (1, {"pick": _PICK, "name": _STEPS}),
    "lose_private": (1, {"pick": _PICK}),
    "hold": (1, {"pick": _PICK}),
    "settle": (
        9,
        {
            "pick": _PICK,
            "kind": _KINDS,
            "delay_ms": st.sampled_from([0, 5_000]),
            "result": st.sampled_from([None, '{"a":1}']),
            "last_words": st.sampled_from(["", "end"]),
            "claims": st.booleans(),
        },
    ),
    "renew": (
        3,
        {
            "name": _NAMES,
            "free": st.integers(0, 2),
            "stale": st.sampled_from([False, False, False, True]),
            "serves": st.sampled_from([BOTH, BOTH[:1]]),
        },
    ),
    "stop": (1, {"name": _NAMES, "end": st.sampled_from(["close", "kill", "freeze"])}),
    "again": (4, {"pick": st.integers(0, 9)}),
    "tick": (4, {"milliseconds": st.sampled_from([1, 400, 1_000, 2_900]), "reap": st.booleans()}),
    "time_flies": (2, {"seconds": st.integers(4, 12)}),
    "jump": (1, {"milliseconds": st.sampled_from([60_000, 3_600_000, -3_600_000]), "reap": st.booleans()}),
}
"""The weight of each and its values."""


def _told(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries(_ACTIONS[name][1]))


ACTIONS = st.sampled_from([name for name, (weight, _) in _ACTIONS.items() for _ in range(weight)]).flatmap(_told)
