"""Private steps between a run and the store: sealed, opened, and what can't be opened any more."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest
from structlog.testing import capture_logs

from codeforge_common.secrets import KeyRing
from codeforge_worker.private_steps import Opened, open_steps, seal
from tests.worker.fake_store import run_of


def new_ring(*older: str) -> tuple[str, KeyRing]:
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    return key, KeyRing.parse(",".join([key, *older]))


KEY, RING = new_ring()
OLD_KEY, OLD_RING = new_ring()


def sealed(name: str, value: Any, *, job_id: str = "job", ring: KeyRing = RING) -> bytes:
    return seal(json.dumps(value), run=run_of(job_id), name=name, keyring=ring)


def test_what_was_sealed_comes_back_in_its_place_among_the_others() -> None:
    run = run_of("job", steps={"plan": "1", "edit": sealed("edit", "ế"), "push": "2"})
    opened = open_steps(run, keyring=RING)
    assert list(opened.steps.items()) == [("plan", "1"), ("edit", json.dumps("ế")), ("push", "2")]
    assert opened.lost is None


def test_it_lies_there_compressed() -> None:
    assert len(sealed("edit", "the same again " * 1000)) < 1000


def test_a_key_that_is_still_on_the_ring_opens_it() -> None:
    _, both = new_ring(OLD_KEY)
    assert open_steps(run_of("job", steps={"edit": sealed("edit", 1, ring=OLD_RING)}), keyring=both).steps == {
        "edit": "1"
    }


@pytest.mark.parametrize(
    "kept",
    [
        sealed("edit", 1, ring=OLD_RING),
        sealed("other", 1),
        sealed("edit", 1, job_id="another"),
        sealed("edit", 1)[:-1],
        b"",
    ],
    ids=["a key that is gone", "another step's", "another job's", "cut", "lost"],
)
def test_one_that_cannot_be_opened_ends_what_is_finished_and_the_log_says_so(kept: bytes) -> None:
    run = run_of("job", steps={"plan": "1", "edit": kept, "push": "2", "more": sealed("more", 3)})
    with capture_logs() as lines:
        assert open_steps(run, keyring=RING) == Opened(steps={"plan": "1"}, lost="edit")
    ((line),) = lines
    assert (line["step"], line["log_level"]) == ("edit", "warning")
    assert "can't be opened" in line["event"]
