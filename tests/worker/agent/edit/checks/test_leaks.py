from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.change import Change
from codeforge_worker.agent.edit.checks import leaks
from codeforge_worker.agent.edit.checks.secret_shapes import SHAPES
from codeforge_worker.agent.edit.checks.spellings import spellings
from tests.worker.agent.edit.checks.changes import DEMANDS, changed, demands, edit

# In pieces, so that nobody's scanner takes them for real ones.
SECRETS = {
    "a GitHub token": "ghp" + "_" + "aB3" * 12,
    "a GitHub token ": "github" + "_pat_" + "a1" * 11 + "_" + "b" * 59,
    "a GitLab token": "glpat" + "-" + "aB3_-" * 4,
    "an AWS access key": "AKIA" + "ABCDEFGH" + "23456722",
    "an AWS secret key": 'aws_secret_access_key = "' + "aB3/+" * 8 + '"',
    "a Google API key": "AIza" + "aB3-_" * 7,
    "a Google client secret": "GOCSPX" + "-" + "aB3_" * 7,
    "a Slack token": "xoxb" + "-" + "1234567890-" * 2 + "aB3",
    "a Slack webhook": "https://hooks.slack" + ".com/services/" + "T0123ABCD/B0123ABCD/" + "aB3" * 8,
    "a Stripe key": "sk" + "_live_" + "aB3" * 8,
    "an Anthropic key": "sk-ant" + "-api03-" + "aB3-_" * 19,
    "an OpenAI key": "sk-proj" + "-" + "aB3-_" * 12,
    "an OpenAI key ": "sk-" + "aB3d" * 5 + "T3Blbk" + "FJ" + "aB3d" * 5,
    "an npm token": "npm" + "_" + "aB3" * 12,
    "a PyPI token": "pypi-" + "AgEIcHlwaS5vcmc" + "aB3-_" * 12,
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow" + "aB3/" * 12,
    "a private key ": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + "aB3/" * 12,
}


def test_every_shape_is_tried() -> None:
    assert {what.strip() for what in SECRETS} == {what for what, _ in SHAPES}


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("form", ["{}", "key: {}", "x = '{}'\n", "before\r\n{}\r\nafter"])
def test_a_new_secret_is_found_and_never_repeated(what: str, form: str) -> None:
    secret = SECRETS[what]
    complaints = list(leaks.check(changed("config.txt", "nothing", form.format(secret)), DEMANDS))
    assert [complaint for complaint in complaints if what.strip() in complaint]
    assert secret not in str(complaints)


def test_it_is_found_in_every_encoding() -> None:
    text = f"á\n{SECRETS['a Stripe key']}\n"
    for content in (text.encode(), text.encode("latin-1"), text.encode("utf-16")):
        (complaint,) = leaks.check(changed("a.txt", None, content), DEMANDS)
        assert "a.txt, line 2" in complaint


def test_one_that_was_there_is_nobodys_fault_but_another_is() -> None:
    old = SECRETS["an AWS access key"]
    assert list(leaks.check(changed("a", old, f"moved\n{old}\n{old}"), DEMANDS)) == []
    new = old[:-1] + "A"
    assert len(list(leaks.check(changed("a", old, f"{old}\n{new}\n{new}"), DEMANDS))) == 1
    assert list(leaks.check(changed("a", old, "gone"), DEMANDS)) == []


@pytest.mark.parametrize(
    "innocent",
    [
        "ghp_xxx",
        "export GITHUB_TOKEN=ghp_your_token_here",
        "sk-your-key-here",
        "task-ant-api03-names",
        "AKIA",
        "MAKIAABCDEFGH23456722B",
        "sk_test_" + "aB3" * 8,
        "-----BEGIN PUBLIC KEY-----\n" + "aB3/" * 12,
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "a" * 5000,
        "0123456789abcdef" * 200,
        "https://hooks.slack.com/services/XXX/YYY/ZZZ",
        "integrity sha512-" + "aB3/" * 20,
    ],
)
def test_what_is_no_secret(innocent: str) -> None:
    assert list(leaks.check(changed("a", "", innocent), DEMANDS)) == []


def test_the_jobs_own_secret_is_found_whatever_it_looks_like() -> None:
    secret = "plain-words-ü"
    for spelling in spellings(secret):
        content = f"x\n={spelling}=".encode("latin-1")
        (complaint,) = leaks.check(changed("a", None, content), demands(secrets=[secret]))
        assert "a, line 2: this looks like a secret of this job" in complaint
    in_json = changed("a.json", None, '"plain-words-\\u00fc"')
    assert len(list(leaks.check(in_json, demands(secrets=[secret])))) == 1


def test_a_name_may_hold_no_secret_either() -> None:
    change = Change(path="docs/s3cret-value.md", before=None, after=b"", mode_before=None)
    (complaint,) = leaks.check(edit(change), demands(secrets=["s3cret-value"]))
    assert "s3cret-value" not in complaint


def test_a_value_that_is_too_short_is_in_too_many_words() -> None:
    assert list(leaks.check(changed("a", None, "abc"), demands(secrets=["abc", ""]))) == []


def test_the_time_grows_with_the_text_only() -> None:
    """Half a megabyte of beginnings: hours, if a shape looked at the same characters again and again."""
    beginnings = ("ghp_", "AKIA", "xoxb-", "-----BEGIN A ", "sk-ant-a-", "aws_secret_access_key ", "a", " ", "sk-proj-")
    for beginning in beginnings:
        assert list(leaks.check(changed("a", "", beginning * (500_000 // len(beginning))), DEMANDS)) == []
