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


async def chosen(message: str, *, own: Sequence[str] | None = OWN) -> Choice:
    async def pushable() -> Sequence[str]:
        return own or ()

    return await which(named=None, message=message, pushable=None if own is None else pushable)


async def chosen_unasked(message: str, *, named: str | None = None, local: bool = False) -> Choice:
    async def never() -> Sequence[str]:
        raise AssertionError("asked")

    return await which(named=named, message=message, pushable=never, local=local)


async def failure_of(message: str, *, own: Sequence[str] | None = OWN) -> Fail:
    with pytest.raises(Fail) as failure:
        await chosen(message, own=own)
    return failure.value


async def test_the_example() -> None:
    reason = "The message speaks of versace-landing, which the token's user may push to."
    assert await chosen(SEED) == Choice(address="zaikaman/versace-landing", reason=reason)


async def test_what_is_named_wins_and_nobody_is_asked() -> None:
    named = await chosen_unasked(SEED, named=" ada/engine ")
    assert named == Choice(address="ada/engine", reason="The request names it in context.repository.")
    written = await chosen_unasked("Fix ada/engine, not versace-landing", named=" ")
    assert written == Choice(address="ada/engine", reason="The message names it.")


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("Fix the typo in octocat/Hello-World", "octocat/Hello-World"),
        ("Fix https://github.com/ada/engine/blob/main/README.md", "ada/engine"),
        ("Analyze the ada/engine repository", "ada/engine"),
        ("Analyze the repo: https://github.com/ada/engine", "ada/engine"),
        ("Improve the ada/engine repo docs", "ada/engine"),
        ("Improve the ada/engine.git repo docs", "ada/engine"),
        ("Fix ada/engine: improve the repo.", "ada/engine"),
        ("Fix ada/engine and link to https://example.com/docs", "ada/engine"),
        ("Fix /srv/code", "/srv/code"),
        ("Fix file:///srv/code, the rocket repo", "file:///srv/code"),
    ],
)
async def test_one_that_is_named_plainly_asks_nobody(message: str, address: str) -> None:
    assert (await chosen_unasked(message, local=True)).address == address


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("Translate zaikaman/versace-landing/README.md", "zaikaman/versace-landing"),
        ("Translate Zaikaman/Versace-Landing/README.md", "zaikaman/versace-landing"),
        ("Update the readme of @zaikaman/versace-landing", "zaikaman/versace-landing"),
        ("Fix hooks/useAuth in zaikaman/versace-landing", "zaikaman/versace-landing"),
        ("Copy title/description of octocat/Hello-World to zaikaman/versace", "zaikaman/versace"),
        ("Add https://github.com/vercel/next.js to zaikaman/versace", "zaikaman/versace"),
        ("Fix @types/node in octocat/Hello-World", "octocat/Hello-World"),
        ("Fix hooks/lib/useAuth in octocat/Hello-World", "octocat/Hello-World"),
        ("Fix octocat/Hello-World; it's a fine repo", "octocat/Hello-World"),
        ("Analyze https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("Fix zaikaman/versace like the zaikaman/versace repo says", "zaikaman/versace"),
        ("Fix acme/rocket, my rocket repo", "acme/rocket"),
        ("Fix acme/rocket: @acme/rocket", "acme/rocket"),
        ("Fix @acme/rocket: acme/rocket/README.md", "acme/rocket"),
        ("Like octocat/Hello-World, fix @acme/rocket", "acme/rocket"),
        ("Like octocat/Hello-World, fix acme/rocket/README.md", "acme/rocket"),
    ],
)
async def test_the_users_own_decide_between_what_is_written(message: str, address: str) -> None:
    assert await chosen(message) == Choice(address=address, reason="The message names it.")


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
        ("Fix hooks/useAuth in my versace-landing repo", "zaikaman/versace-landing"),
        ("Set title/description in the versace-landing repo", "zaikaman/versace-landing"),
        ("Fix hooks/lib/useAuth in versace-landing", "zaikaman/versace-landing"),
        ("Upgrade @vercel/analytics in versace-landing", "zaikaman/versace-landing"),
        ("Link to https://example.com/rocket from versace-landing", "zaikaman/versace-landing"),
        ("Add docs https://example.com/a repo rules to versace-landing", "zaikaman/versace-landing"),
        ("Link to https://github.com/vercel/next.js from my versace-landing repo", "zaikaman/versace-landing"),
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
        "Translate octocat/versace/README.md",
        "Add @tanstack/react-query",
        "Improve the @octocat/Hello-World repo docs",
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
        " name one in the message, as owner/name, or in context.repository."
    )
    without_token = await failure_of(SEED, own=None)
    assert without_token.code == "repository_required"
    assert "context.repository" in without_token.message


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("Update zaikaman/versace-landing and link to https://example.com/docs", "zaikaman/versace-landing"),
        ("Analyze @zaikaman/versace-landing", "zaikaman/versace-landing"),
        ("Analyze https://example.org/a/b", "https://example.org/a/b"),
    ],
)
async def test_without_a_token_the_likeliest_counts(message: str, address: str) -> None:
    assert (await chosen(message, own=None)).address == address


async def test_without_a_token_a_longer_path_is_none() -> None:
    failure = await failure_of("Translate zaikaman/versace-landing/README.md", own=None)
    assert failure.code == "repository_required"


async def test_addresses_on_the_server_that_is_set() -> None:
    message = "Fix http://localhost:3000/ada/engine/tree/main"
    choice = await which(named=None, message=message, pushable=None, server="http://localhost:3000")
    assert choice.address == "ada/engine"


@pytest.mark.parametrize(
    ("message", "own", "listed"),
    [
        ("Merge rocket into versace", OWN, "(acme/rocket, zaikaman/versace)"),
        ("Fix the rocket repo", ["ada/rocket", "acme/Rocket"], "(ada/rocket, acme/Rocket)"),
        ("ada/engine or ada/mill?", OWN, "(ada/engine, ada/mill)"),
        ("https://user:pass@example.org/a or https://example.org/b", OWN, "repositories;"),
        ("Copy acme/rocket into my versace repo", OWN, "(acme/rocket, zaikaman/versace)"),
        ("Fix the rocket repo at https://github.com/octocat/rocket", OWN, "(acme/rocket, octocat/rocket)"),
        ("Fix the rocket repo at https://x:pass@example.org/rocket.git/", OWN, "(acme/rocket)"),
        ("Fix rocket, that is @octocat/rocket", OWN, "(acme/rocket, octocat/rocket)"),
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
