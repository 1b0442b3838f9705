"""House rules of the scripts, and what happens to calls that fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from codeforge_common.errors import StoreUnavailable
from codeforge_common.store import Limits, Store
from codeforge_common.store.keys import FAMILIES
from codeforge_common.store.scripts import _LUA, NAMES, load
from tests.common.store.harness import AGENT, Harness
from tests.plugins.redis_server import RedisServer

LUA_FILES = sorted([*_LUA.glob("*.lua"), *(_LUA / "lib").glob("*.lua")])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_every_script_says_what_it_is(name: str) -> None:
    text = (_LUA / f"{name}.lua").read_text()
    for mark in ("in: ", "out:", "idempotent: (yes|no)", "memory: (counts|exempt)", "uses:"):
        assert re.search(rf"^-- {mark}", text, re.MULTILINE), f"{name}.lua lacks '{mark}'"
    assert load(name, Limits()).idempotent, "a script that may not be repeated needs a caller that never repeats it"


@pytest.mark.parametrize("path", LUA_FILES, ids=lambda path: path.name)
def test_keys_come_from_the_families_and_words_from_the_enums(path: Path) -> None:
    text = path.read_text()
    assert set(re.findall(r"KEY\('(\w+)'", text)) <= FAMILIES
    assert not re.search(
        r"'(waiting|delayed|active|completed|failed|cancelled)'",
        re.sub(r"KEY\('\w+'", "", text),
    )
    assert "redis.call('TIME')" not in text, "the prelude is the one place that asks the clock"


def test_every_family_is_used() -> None:
    used = set().union(*(re.findall(r"KEY\('(\w+)'", path.read_text()) for path in LUA_FILES))
    assert used == FAMILIES


async def test_scripts_survive_a_server_that_forgot_them(bench: Harness) -> None:
    await bench.submit()
    await bench.redis.script_flush()
    await bench.submit()
    assert len((await bench.store.page("ann")).jobs) == 2


async def test_a_server_that_refuses_is_away_and_a_defect_of_a_script_is_not(
    bench: Harness, new_redis: Callable[..., RedisServer]
) -> None:
    store = Store.connect(new_redis().url)
    await store.announce([AGENT])
    await store._redis.acl_setuser("default", enabled=True, nopass=True, commands=["-evalsha"])
    with pytest.raises(StoreUnavailable):
        await store.types()
    await store.close()
    await bench.redis.set(bench.key("types"), "not a hash")
    with pytest.raises(ResponseError):
        await bench.store.types()


async def test_a_server_that_is_away_is_one_error(unused_tcp_port: int) -> None:
    store = Store.connect(f"redis://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()
