"""The store under test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codeforge_common.store import scripts
from tests.common.store.harness import Harness, harness

if "STORE_LUA" in os.environ:  # a folder of deliberately damaged scripts, see mutants.py
    scripts._LUA = Path(os.environ["STORE_LUA"])


@pytest.fixture
async def bench(redis_url: str, namespace: str) -> AsyncIterator[Harness]:
    """A store with a simulated clock and no rate limit."""
    async with harness(redis_url, namespace) as made:
        yield made
