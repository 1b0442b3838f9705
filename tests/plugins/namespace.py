"""A namespace of its own for each test that uses the shared server, and a check that nothing lies outside it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from codeforge_common.store import keys

_OPEN: set[str] = set()
"""The namespaces of this process that are in use."""


@pytest.fixture
def namespace(redis_url: str) -> Iterator[str]:
    """A fresh ``STORE_NAMESPACE``. After the test its keys are removed; a key that the test left elsewhere fails it."""
    with fresh_namespace(redis_url) as name:
        yield name


@contextmanager
def fresh_namespace(redis_url: str) -> Iterator[str]:
    """The same for as long as a block lasts, e.g. for a fixture that several tests share."""
    name = f"t-{secrets.token_hex(6)}"
    _OPEN.add(name)
    try:
        yield from _looked_after(name, redis_url)
    finally:
        _OPEN.discard(name)


def _looked_after(name: str, redis_url: str) -> Iterator[str]:
    with redis.Redis.from_url(redis_url) as client:
        before = set(client.scan_iter(count=1000))
        yield name
        made = {key for key in client.scan_iter(count=1000) if key not in before}
        ours = {key for key in made if name.encode() in key}
        for key in ours:
            client.delete(key)
    unknown = sorted(key.decode(errors="replace") for key in ours if not _has_an_owner(key.decode(), namespace=name))
    assert not unknown, f"keys of no known family: {unknown}"
    strays = sorted(key.decode(errors="replace") for key in made - ours if not _is_in_use(key.decode(errors="replace")))
    assert not strays, f"keys outside the test's namespace {name}: {strays}"


def _is_in_use(key: str) -> bool:
    """Whether the key is of another open namespace: a house that several tests share works on beside this one's."""
    return any(name in key for name in _OPEN)


def _has_an_owner(key: str, *, namespace: str) -> bool:
    """Whether the store knows the key's family, or the broker keeps a queue under it."""
    own, _, rest = key.partition(":")
    if own == keys.prefix(namespace):
        return rest.partition(":")[0] in keys.FAMILIES
    return f"{namespace}.ring." in key
