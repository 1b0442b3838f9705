"""A socket doesn't outlive the token that it connected with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from codeforge_common.identity import LEEWAY_SECONDS
from codeforge_notifier import expiry
from codeforge_notifier.expiry import Expiry
from tests.notifier.conftest import Start
from tests.notifier.harness import JWT_SECRET, WITHIN, token_for
from tests.plugins.waiting import wait_for

TRANSPORTS = pytest.mark.parametrize("transport", ["websocket", "polling"])


class Clock:
    """Seconds since 1970, as the test says; counts how often it was read."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return self.seconds

    async def read_again(self) -> None:
        """Waits until a whole look at the clock began after now, and ended."""
        seen = self.reads
        await wait_for(lambda: self.reads >= seen + 4, within=WITHIN, what="a look at the clock")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(expiry, "LONGEST_SECONDS", 0.01)
    return Clock()


async def test_it_fires_once_and_not_before_its_time(clock: Clock) -> None:
    fired: list[float] = []
    Expiry(clock.seconds + 3600, expired=lambda: fired.append(clock.seconds), now=clock)
    clock.seconds += 3599
    await clock.read_again()
    assert not fired
    clock.seconds += 1
    await wait_for(lambda: bool(fired), within=WITHIN, what="the end")
    reads = clock.reads
    await _turns()
    assert (len(fired), clock.reads) == (1, reads), "and then it rests"


async def test_cancelled_it_never_fires(clock: Clock) -> None:
    fired: list[bool] = []
    timer = Expiry(clock.seconds, expired=lambda: fired.append(True), now=clock)
    timer.cancel()
    timer.cancel()
    await _turns()
    assert not fired


@pytest.mark.parametrize("far", [1e9, 253_402_300_799, 1e300])
async def test_a_far_end_is_no_trouble_for_the_timer(far: float) -> None:
    loop = asyncio.get_running_loop()
    timer = Expiry(far, expired=lambda: None, now=lambda: 0.0)
    assert timer._timer.when() <= loop.time() + expiry.LONGEST_SECONDS
    timer.cancel()


@TRANSPORTS
async def test_a_socket_ends_with_its_token_and_others_stay_in_their_rooms(start: Start, transport: str) -> None:
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    exp = int(time.time()) - LEEWAY_SECONDS + 2
    short = {"token": token_for("ada", exp=exp)}
    leaving = await notifier.connect(transport=transport, auth=short)
    staying = await notifier.connect(transport=transport, auth={"token": token_for("ada")})
    for client in (leaving, staying):
        assert (await client.ask("join:session", "s1"))["ok"]
    await notifier.append(1)
    await leaving.has(1)

    await wait_for(lambda: notifier.metric("codeforge_sockets") == 1, within=WITHIN, what="the socket's end")
    assert time.time() >= exp + LEEWAY_SECONDS
    await wait_for(lambda: bool(leaving.disconnects), within=WITHIN, what="the client's notice")

    await notifier.append(2)
    await staying.has(1, 2)
    assert leaving.seqs == [1]
    assert (await notifier.refusal(transport=transport, auth=short))["message"] == "The token has run out."


@TRANSPORTS
async def test_with_a_fresh_token_the_client_comes_back(start: Start, transport: str) -> None:
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    exps = iter([int(time.time()) - LEEWAY_SECONDS + 2])

    def auth() -> dict[str, str]:
        return {"token": token_for("ada", exp=next(exps, 4_000_000_000))}

    client = await notifier.connect(transport=transport, auth=auth, reconnection=True, reconnection_delay=0.1)
    await wait_for(lambda: bool(client.disconnects) and client.socket.connected, within=WITHIN, what="the return")
    assert (await client.ask("join:user", "ada"))["ok"]
    await notifier.append(1)
    await client.has(1)


async def test_a_socket_that_goes_before_takes_its_timer_along(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[Expiry] = []

    class Noted(Expiry):
        def __init__(self, at: float, *, expired: Callable[[], None]) -> None:
            super().__init__(at, expired=expired)
            timers.append(self)

    monkeypatch.setattr("codeforge_notifier.connection.Expiry", Noted)
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    client = await notifier.connect(auth={"token": token_for("ada")})
    (timer,) = timers
    assert not timer._timer.cancelled()
    await client.socket.disconnect()
    await wait_for(timer._timer.cancelled, within=WITHIN, what="the timer's end")


async def _turns() -> None:
    """Lets everything run that is due, and the shortest timers."""
    due = asyncio.Event()
    asyncio.get_running_loop().call_later(10 * expiry.LONGEST_SECONDS, due.set)
    await due.wait()
