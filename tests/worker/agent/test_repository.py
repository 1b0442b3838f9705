from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_common.handler import Fail
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.settings import AgentSettings

PUBLIC = AgentSettings(github_server_url="https://github.com", agent_allow_local_repositories=False)
LOCAL = AgentSettings(github_server_url="http://127.0.0.1:3000", agent_allow_local_repositories=True)


@pytest.mark.parametrize(
    "address",
    [
        "ada/engine",
        " ada/engine ",
        "ada/engine.git",
        "github.com/ada/engine",
        "https://github.com/ada/engine",
        "https://github.com/ada/engine.git/",
    ],
)
def test_a_repository_on_github(address: str) -> None:
    assert parse(address, settings=PUBLIC) == Repository(
        url="https://github.com/ada/engine.git", label="ada/engine", protocol="https", takes_token=True
    )


def test_another_server_never_gets_the_github_token() -> None:
    assert parse("https://git.example.org:8443/group/sub/engine.git", settings=PUBLIC) == Repository(
        url="https://git.example.org:8443/group/sub/engine.git",
        label="git.example.org:8443/group/sub/engine",
        protocol="https",
        takes_token=False,
    )
    assert not parse("https://github.com.example.org/ada/engine", settings=PUBLIC).takes_token


def test_the_configured_server_is_trusted_as_it_is() -> None:
    repository = parse("ada/engine", settings=LOCAL)
    assert repository == parse("http://127.0.0.1:3000/ada/engine", settings=LOCAL)
    assert (repository.url, repository.protocol) == ("http://127.0.0.1:3000/ada/engine.git", "http")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/srv/code/engine", "file:///srv/code/engine"),
        ("/srv/code/engine/.git", "file:///srv/code/engine/.git"),
        ("file:///srv/code/engine", "file:///srv/code/engine"),
        ("/srv/my code/engine", "file:///srv/my%20code/engine"),
        ("file:///srv/my%20code/engine", "file:///srv/my%20code/engine"),
        ("/srv/ghé/--upload-pack=x/engine", "file:///srv/gh%C3%A9/--upload-pack%3Dx/engine"),
    ],
)
def test_a_local_repository_is_called_by_its_last_part_only(address: str, url: str) -> None:
    assert parse(address, settings=LOCAL) == Repository(url=url, label="engine", protocol="file")


@pytest.mark.parametrize("address", ["/srv/code/engine", "file:///srv/code/engine"])
def test_local_repositories_are_refused_unless_allowed(address: str) -> None:
    with pytest.raises(Fail, match="AGENT_ALLOW_LOCAL_REPOSITORIES"):
        parse(address, settings=PUBLIC)


HOSTILE = [
    "--upload-pack=touch /tmp/owned",
    "-o",
    "-uada/engine",
    "ext::sh -c 'touch /tmp/owned'",
    "ext::sh%20-c%20x",
    "fd::17/foo",
    "https::https://example.org/a/b",
    "ssh://git@example.org/a/b",
    "ssh://-oProxyCommand=x/a",
    "git@github.com:ada/engine.git",
    "git://example.org/a/b",
    "ftp://example.org/a/b",
    "http://example.org/a/b",
    "https://user:secret@github.com/ada/engine",
    "https://secret@github.com/ada/engine",
    "https://github.com/ada/engine\n--upload-pack=x",
    "https://github.com/ada/engine%0ahost=evil",
    "https://example.org/a b",
    "https://example.org/a?x=1",
    "https://example.org/a#x",
    "https://example.org",
    "https://example.org/",
    "https://-oProxyCommand=x/a/b",
    "https://[::1/a/b",
    "https://example.org:99999/a/b",
    "https:///a/b",
    "ada/engine\x00",
    "ada/\u202eenigne",
    "ada/..",
    "ada/.",
    "../engine",
    "./engine",
    "~/engine",
    "ada",
    "ada/engine/extra",
    "ada\\engine",
    "ada/engine;reboot",
    "ada/$(reboot)",
    "file://example.org/srv/engine",
    "file:///srv/engine?x",
    "file:///srv/eng%0aine",
    "/srv/eng\nine",
    "",
    " ",
    "a" * 3000,
]


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_and_unusable_addresses_are_refused_and_not_repeated(address: str) -> None:
    for settings in (PUBLIC, LOCAL):
        with pytest.raises(Fail) as failure:
            parse(address, settings=settings)
        assert failure.value.code == "repository_refused"
        assert "secret" not in failure.value.message
        assert len(address.strip()) < 5 or address not in failure.value.message


@given(st.text(max_size=60) | st.sampled_from(HOSTILE).flatmap(lambda text: st.text(max_size=5).map(text.__add__)))
def test_whatever_is_accepted_can_only_be_an_address_of_the_allowed_kinds(address: str) -> None:
    try:
        repository = parse(address, settings=LOCAL)
    except Fail:
        return
    assert repository.url.startswith(f"{repository.protocol}://")
    assert repository.protocol in {"https", "file", "http"}
    assert repository.takes_token == repository.url.startswith("http://127.0.0.1:3000/")
    assert all(33 <= ord(character) < 127 for character in repository.url)
    assert "@" not in repository.url.split("/")[2]
