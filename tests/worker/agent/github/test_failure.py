"""Each refusal in GitHub's own words; what the fake can play is in the other files, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.github.failure import explain_answer, explain_push
from codeforge_worker.guard import KILLED, NOT_STARTED


def answered(
    status: int, message: str = "", *, headers: Mapping[str, str] | None = None, reading: bool = False, **more: object
) -> Fail | Retry:
    return explain_answer(
        status=status,
        headers=headers or {},
        body=json.dumps({"message": message, **more}),
        doing="open a pull request on ada/engine",
        label="ada/engine",
        reading=reading,
    )


def pushed(said: str, *, code: int = 1) -> Fail | Retry:
    return explain_push(said, code=code, label="ada/engine", branch="codeforge/job_1")


@pytest.mark.parametrize(
    ("status", "message", "headers", "failure"),
    [
        (
            401,
            "Bad credentials",
            {},
            "github_token_refused: GitHub refused the token (githubContext.token): it is wrong, has expired or was"
            " revoked.",
        ),
        (
            403,
            "Resource not accessible by personal access token",
            {"x-accepted-github-permissions": "pull_requests=write"},
            "github_scope_missing: The token isn't allowed to open a pull request on ada/engine."
            " It needs pull_requests=write.",
        ),
        (
            404,
            "Not Found",
            {"x-oauth-scopes": "gist, read:org", "x-accepted-oauth-scopes": "repo, public_repo"},
            "github_scope_missing: The token lacks a scope: to open a pull request on ada/engine it needs public_repo"
            " or repo.",
        ),
        (
            403,
            "Forbidden",
            {"x-oauth-scopes": "", "x-accepted-oauth-scopes": "repo"},
            "github_scope_missing: The token lacks a scope: to open a pull request on ada/engine it needs repo.",
        ),
        (
            404,
            "Not Found",
            {"x-oauth-scopes": "repo", "x-accepted-oauth-scopes": "public_repo"},
            "repository_not_found: ada/engine doesn't exist, or the token may not see it.",
        ),
        (
            403,
            "Repository was archived so is read-only.",
            {},
            "repository_archived: ada/engine is archived, so nothing can be changed there.",
        ),
        (
            403,
            "Resource protected by organization SAML enforcement.",
            {"x-github-sso": "required; url=x"},
            "github_sso_required: The organisation of ada/engine demands single sign-on: authorise the token for it in"
            " GitHub's settings.",
        ),
        (
            403,
            "Forking is disabled for this repository.",
            {},
            "fork_refused: ada/engine may not be forked, and the token may not push to it.",
        ),
        (
            403,
            "Blocked by an IP allow list.",
            {},
            "github_forbidden: GitHub doesn't allow this token to open a pull request on ada/engine."
            " It says: Blocked by an IP allow list.",
        ),
        (307, "Temporary Redirect", {}, "repository_moved: ada/engine has moved; name its present address."),
        (
            451,
            "Repository access blocked",
            {},
            "github_refused: GitHub refused to open a pull request on ada/engine (451)."
            " It says: Repository access blocked",
        ),
    ],
)
def test_what_no_other_attempt_would_change(
    status: int, message: str, headers: Mapping[str, str], failure: str
) -> None:
    explained = answered(status, message, headers=headers)
    assert isinstance(explained, Fail)
    assert str(explained) == failure


def test_a_validation_tells_its_details() -> None:
    explained = answered(422, "Validation Failed", errors=[{"message": "base is odd"}, "and more", {"code": "x"}, 7])
    assert isinstance(explained, Fail)
    assert explained.code == "github_refused"
    assert explained.message.endswith("(422). It says: Validation Failed base is odd and more")


def test_an_empty_change_is_told_from_another_validation() -> None:
    explained = answered(422, "Validation Failed", errors=[{"message": "No commits between main and ada:x"}])
    assert isinstance(explained, Fail)
    assert explained.code == "pull_request_empty"


def test_a_pull_request_that_is_there_already_is_looked_for_again() -> None:
    explained = answered(422, "Validation Failed", errors=[{"message": "A pull request already exists for ada:x."}])
    assert isinstance(explained, Retry)
    assert explained.after


def test_a_missing_scope_does_not_hide_that_a_repository_is_not_there() -> None:
    headers = {"x-oauth-scopes": "", "x-accepted-oauth-scopes": "repo"}
    explained = answered(404, "Not Found", headers=headers, reading=True)
    assert isinstance(explained, Fail)
    assert explained.code == "repository_not_found"


@pytest.mark.parametrize("body", ["", "<html>", "[]", '"x"', '{"message": 7, "errors": 8}'])
def test_an_answer_that_says_nothing(body: str) -> None:
    explained = explain_answer(status=418, headers={}, body=body, doing="read a/b", label="a/b", reading=True)
    assert str(explained) == "github_refused: GitHub refused to read a/b (418)."


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_github_in_trouble_is_asked_again(status: int) -> None:
    assert isinstance(answered(status), Retry)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "github_token_refused"),
        ("remote: Invalid username or token.\nfatal: Authentication failed for 'https://x'", "github_token_refused"),
        ("remote: This repository was archived so it is read-only.\nfatal: … error: 403", "repository_archived"),
        ("remote: The 'acme' organization has enabled or enforced SAML SSO.\n… error: 403", "github_sso_required"),
        (
            " ! [remote rejected] x -> x (refusing to allow a Personal Access Token to create or update workflow"
            " `.github/workflows/ci.yml` without `workflow` scope)",
            "github_scope_missing",
        ),
        ("remote: Permission to ada/engine.git denied to bob.\nfatal: … error: 403", "github_scope_missing"),
        ("remote: Write access to repository not granted.\nfatal: … error: 403", "github_scope_missing"),
        (
            "remote: error: GH001: Large files detected.\n ! [remote rejected] x -> x (pre-receive…",
            "push_file_too_large",
        ),
        ("remote: error: GH007: Your push would publish a private email address.", "push_email_private"),
        (
            "remote: error: GH013: Repository rule violations found for x.\nremote: - GITHUB PUSH PROTECTION",
            "push_secret_found",
        ),
        (" ! [rejected]        x -> x (stale info)", "branch_conflict"),
        (
            " ! [remote rejected] x -> x (cannot lock ref 'refs/heads/x': 'refs/heads/codeforge' exists)",
            "branch_conflict",
        ),
        (" ! [remote rejected] x -> x (shallow update not allowed)", "fork_outdated"),
        (" ! [remote rejected] x -> x (pre-receive hook declined)", "push_refused"),
        (
            "fatal: unable to update url base from redirection … The requested URL returned error: 301",
            "repository_moved",
        ),
        ("remote: Repository not found.\nfatal: repository 'https://x' not found", "repository_not_found"),
    ],
)
def test_what_no_other_push_would_change(said: str, code: str) -> None:
    explained = pushed(said)
    assert isinstance(explained, Fail)
    assert explained.code == code


def test_the_rules_of_a_branch_are_told() -> None:
    said = (
        "remote: error: GH013: Repository rule violations found for refs/heads/codeforge/job_1.        \n"
        "remote: Review all repository rules at https://github.com/ada/engine/rules        \nremote: \n"
        "remote: - Cannot create ref due to creations being restricted.        \nremote: \n"
        " ! [remote rejected] x -> codeforge/job_1 (push declined due to repository rule violations)\n"
        "error: failed to push some refs to '/tmp/secret/place'\n"
    )
    assert str(pushed(said)) == (
        "branch_protected: The rules of ada/engine refuse the branch codeforge/job_1."
        " It says: Cannot create ref due to creations being restricted."
    )


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to access 'https://x/': Could not resolve host: x",
        "fatal: unable to access 'https://x/': The requested URL returned error: 503",
        "fatal: the remote end hung up unexpectedly",
        "fatal: something that nobody has seen before in /tmp/secret/place",
    ],
)
def test_what_another_push_may_change(said: str) -> None:
    explained = pushed(said)
    assert isinstance(explained, Retry)
    assert "/tmp" not in explained.reason


def test_a_git_that_is_missing_or_was_killed() -> None:
    missing = pushed("", code=NOT_STARTED)
    assert isinstance(missing, Fail)
    assert missing.code == "git_missing"
    assert isinstance(pushed("", code=KILLED), Retry)
