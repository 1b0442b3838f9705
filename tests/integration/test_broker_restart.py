"""The doorbell's server is away for a while: jobs are accepted and run all the same, a little later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.conftest import Install
from tests.plugins.brokers import OwnBroker
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for


@pytest.mark.timeout(240)
async def test_a_broker_that_is_restarted(
    own_broker: OwnBroker, new_redis: Callable[..., RedisServer], install: Install
) -> None:
    url = own_broker.broker.url
    place = install(new_redis().url, "gateway", BROKER_URL=url)
    place.start_worker(broker_url=url)
    await place.runs_again()
    await place.settled("gateway", "worker")
    own_broker.stop()
    for name in ("gateway", "worker"):
        await wait_for(lambda: not place.ready(name, "broker"), within=30, what=f"the {name}'s word")  # noqa: B023
    await place.runs_again()
    own_broker.start()
    for name in ("gateway", "worker"):
        await place.said_so(name, "broker")
    await place.runs_again()
