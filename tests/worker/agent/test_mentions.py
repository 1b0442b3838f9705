from __future__ import annotations

from collections.abc import Sequence

import pytest

from codeforge_worker.agent.mentions import Mentions, mentions_a_repository


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Analyze zaikaman/versace-landing, please", ["zaikaman/versace-landing"]),
        ("Analyze @zaikaman/versace-landing, please", ["zaikaman/versace-landing"]),
        ("Analyze `vercel/next.js`.", ["vercel/next.js"]),
        ("What is in ada/.github?", ["ada/.github"]),
        ("What is in github.com/ada/engine?", ["ada/engine"]),
        ("Look at https://github.com/ada/engine.", ["ada/engine"]),
        ("(see https://example.org/a/b.git)", ["https://example.org/a/b.git"]),
        ("ada/engine, I say, Ada/Engine", ["ada/engine"]),
        ("ada/engine or ada/mill?", ["ada/engine", "ada/mill"]),
        ("https://example.org/a/b rather than ada/engine", ["ada/engine"]),
        ("https://example.org/a/b rather than @ada/engine", ["ada/engine"]),
        ("Add @types/node to ada/engine", ["ada/engine"]),
        ("ssh://git@example.org/a/b", ["ssh://git@example.org/a/b"]),
        ("Update my readme in versace-landing repo", []),
        ("Fix src/app.py and docs/guide and/or the CI/CD of 1/2", []),
        ("see a/b/c and ./x/y and ../x/y", []),
        ("mail a@b.c/d", []),
        ("", []),
    ],
)
def test_what_a_message_names(message: str, found: Sequence[str]) -> None:
    assert Mentions.of(message).likeliest == found


@pytest.mark.parametrize(
    ("written", "beginning"),
    [
        ("zaikaman/versace-landing/README.md", "zaikaman/versace-landing"),
        ("foo/bar-baz/qux", "foo/bar-baz"),
        ("foo/bar.baz/qux", "foo/bar.baz"),
        ("foo/bar-baz/", "foo/bar-baz"),
        ("@foo/bar-baz/qux", "foo/bar-baz"),
    ],
)
def test_a_longer_path_names_none_but_may_begin_with_one(written: str, beginning: str) -> None:
    mentions = Mentions.of(f"Translate {written}, please")
    assert mentions.likeliest == []
    assert mentions.beginnings == [beginning]


@pytest.mark.parametrize(
    "written", ["foo/bar+baz/qux", "foo/bar-ä/qux", "foo/bar[id]/qux", "foo/bar-%20", "foo/" + 101 * "b"]
)
def test_no_part_of_a_word_is_a_repository(written: str) -> None:
    mentions = Mentions.of(f"Translate {written}, please")
    assert (mentions.likeliest, mentions.beginnings) == ([], [])


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/ada/engine",
        "https://github.com/ada/engine/",
        "https://github.com/ada/engine.git",
        "https://github.com/ada/engine/blob/main/docs/README.md",
        "https://github.com/ada/engine/tree/x-y",
        "https://github.com/ada/engine#readme",
        "https://github.com/ada/engine?tab=readme-ov-file",
        "http://www.GitHub.com/ada/engine",
        "github.com/ada/engine/pull/3",
        "git@github.com:ada/engine.git",
        "ssh://git@github.com/ada/engine.git",
        "[the engine](https://github.com/ada/engine)",
        "[https://github.com/ada/engine](https://github.com/ada/engine)",
    ],
)
def test_an_address_on_the_server_is_an_owner_and_a_name(address: str) -> None:
    mentions = Mentions.of(f"Fix {address}.")
    assert (mentions.names, mentions.addresses) == (["ada/engine"], [])


def test_an_address_is_no_figure_of_speech() -> None:
    assert Mentions.of("https://github.com/web/ada.rs").names == ["web/ada.rs"]


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/settings/tokens",
        "https://github.com/ada",
        "https://user:pass@github.com/ada/engine",
        "https://docs.github.com/en/rest",
        "https://evil.example/?to=https://github.com/ada/engine",
        "https://github.com.evil.example/ada/engine",
    ],
)
def test_other_addresses_stay_as_they_are(address: str) -> None:
    mentions = Mentions.of(f"See {address}.")
    assert (mentions.names, mentions.addresses) == ([], [address])


def test_the_server_may_be_another() -> None:
    message = "See https://git.example:8443/ada/engine/tree/x, https://github.com/ada/mill and github.com/ada/mill"
    mentions = Mentions.of(message, server="https://git.example:8443")
    assert (mentions.names, mentions.addresses) == (["ada/engine"], ["https://github.com/ada/mill"])


@pytest.mark.parametrize("path", ["/srv/code/engine", "file:///srv/code/engine"])
def test_paths_count_only_where_local_repositories_are_allowed(path: str) -> None:
    message = f"Analyze {path}."
    assert Mentions.of(message).paths == []
    assert Mentions.of(message, local=True).likeliest == [path]


@pytest.mark.parametrize(
    ("message", "speaks"),
    [
        ("Write a parser for ada/engine", True),
        ("Write a parser for https://example.org/a/b", True),
        ("Write a parser for /srv/code", True),
        ("Write a hook with @tanstack/react-query", False),
        ("Write util/date/format.ts", False),
    ],
)
def test_whether_a_message_speaks_of_a_repository(message: str, speaks: bool) -> None:
    assert mentions_a_repository(message) is speaks


@pytest.mark.parametrize("part", ["a-", "a.", "a/", "/a", "@a/b ", "a://", "https://github.com/a/b-", "repo "])
def test_a_long_message_costs_little(part: str) -> None:
    """Seconds rather than the minutes that going over the rest for each part would take."""
    assert len(Mentions.of(part * 100_000, local=True).names) <= 1
