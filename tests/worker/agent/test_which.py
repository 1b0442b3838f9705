from __future__ import annotations

from collections.abc import Sequence

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.which import Choice, which

SEED = "Update my readme to Vietnamese version in versace-landing repo"
OWN = (
    "zaikaman/versace-landing",
    "zaikaman/versace",
    "zaikaman/readme",
    "zaikaman/test",
    "zaikaman/Docs",
    "acme/rocket.js",
    "acme/rocket",
)


async def chosen(
    message: str, *, named: str | None = None, own: Sequence[str] | None = OWN, local: bool = False
) -> Choice:
    async def pushable() -> Sequence[str]:
        return own or ()

    return await which(named=named, message=message, local=local, pushable=None if own is None else pushable)


async def failure_of(message: str, *, own: Sequence[str] | None = OWN) -> Fail:
    with pytest.raises(Fail) as failure:
        await chosen(message, own=own)
    return failure.value


async def test_the_example() -> None:
    reason = "The message speaks of versace-landing, which the token's user may push to."
    assert await chosen(SEED) == Choice(address="zaikaman/versace-landing", reason=reason)


async def test_what_is_named_wins_and_nobody_is_asked() -> None:
    async def never() -> Sequence[str]:
        raise AssertionError("asked")

    named = await which(named=" ada/engine ", message=SEED, pushable=never)
    assert named == Choice(address="ada/engine", reason="The request names it in context.repository.")
    written = await which(named=" ", message="Fix ada/engine, not versace-landing", pushable=never)
    assert written == Choice(address="ada/engine", reason="The message names it.")
    local = await which(named=None, message="Fix /srv/code", pushable=never, local=True)
    assert local.address == "/srv/code"


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("Fix VERSACE-Landing.", "zaikaman/versace-landing"),
        ("What does `versace-landing` do?", "zaikaman/versace-landing"),
        ("versace-landing's header is too big", "zaikaman/versace-landing"),
        ("Cập nhật readme trong kho versace-landing", "zaikaman/versace-landing"),
        ("fix the build of rocket.js, please", "acme/rocket.js"),
        ("fix rocket.", "acme/rocket"),
        ("Copy the header of rocket into the versace-landing repository", "zaikaman/versace-landing"),
        ("Update the docs repo", "zaikaman/Docs"),
        ('Add a page to the repository called "test"', "zaikaman/test"),
        ("Add tests to my repo: test", "zaikaman/test"),
        ("Fix the readme GitHub repo", "zaikaman/readme"),
        ("Please test repo versace-landing", "zaikaman/versace-landing"),
        ("Improve the versace-landing repo docs", "zaikaman/versace-landing"),
        ("Test the docs and the readme of rocket", "acme/rocket"),
    ],
)
async def test_a_name_of_the_users_own(message: str, address: str) -> None:
    assert (await chosen(message)).address == address


@pytest.mark.parametrize(
    "message",
    [
        "Update the docs and test the readme",
        "Update the docs. Repo is fine",
        "Make it a versace-landing-page",
        "Fix src/rocket and rocket.ts and ./rocket",
        "my-rocket, rockets, @rocket",
        "-" * 100_000,
        "",
    ],
)
async def test_no_name(message: str) -> None:
    failure = await failure_of(message)
    assert failure.code == "repository_required"
    assert f"which may be {OWN[0]}, {OWN[1]}" in failure.message


async def test_at_most_ten_candidates_are_listed() -> None:
    failure = await failure_of("Fix it", own=[f"ada/part-{number}" for number in range(25)])
    assert failure.message.count("ada/") == 10
    assert "ada/part-9." in failure.message


async def test_nothing_to_choose_from() -> None:
    none = await failure_of(SEED, own=[])
    assert str(none) == (
        "repository_required: The message names none of the repositories that the token's user may push to;"
        " name one in context.repository."
    )
    without_token = await failure_of(SEED, own=None)
    assert without_token.code == "repository_required"
    assert "context.repository" in without_token.message


@pytest.mark.parametrize(
    ("message", "own", "listed"),
    [
        ("Merge rocket into versace", OWN, "(acme/rocket, zaikaman/versace)"),
        ("Fix the rocket repo", ["ada/rocket", "acme/Rocket"], "(ada/rocket, acme/Rocket)"),
        ("ada/engine or ada/mill?", OWN, "(ada/engine, ada/mill)"),
        ("https://user:pass@example.org/a or https://example.org/b", OWN, "repositories;"),
    ],
)
async def test_several(message: str, own: Sequence[str], listed: str) -> None:
    failure = await failure_of(message, own=own)
    assert failure.code == "repository_ambiguous"
    assert listed in failure.message
    assert "pass" not in failure.message


@pytest.mark.parametrize("name", ["a", "go", "2048", "API"])
async def test_names_that_say_little_need_the_word_beside_them(name: str) -> None:
    own = [f"ada/{name}"]
    assert (await failure_of(f"Add {name} to it", own=own)).code == "repository_required"
    assert (await chosen(f"Fix the {name} repo", own=own)).address == own[0]


async def test_a_long_message_costs_little() -> None:
    """Seconds rather than the minutes that going over the rest for each word would take."""
    assert (await chosen("repo named " * 50_000 + "rocket", own=OWN)).address == "acme/rocket"
