"""What a refusal of GitHub means for the person who asked: of its API, and of a push.

A push is explained by words only (git's exit code is the same for nearly everything), so they are matched here. What
is passed on of GitHub's own words is short; git's words are not, they hold paths of this machine. Callers redact what
they hand in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.github.rate_limit import rate_limited
from codeforge_worker.guard import KILLED, NOT_STARTED

_QUOTED = 300
_LAG_SECONDS = 10

_REFUSED = "GitHub refused the token (githubContext.token): it is wrong, has expired or was revoked."
_ARCHIVED = "{label} is archived, so nothing can be changed there."
_SSO = "The organisation of {label} demands single sign-on: authorise the token for it in GitHub's settings."

_ANSWERS = (
    ("repository_archived", _ARCHIVED, r"archived"),
    (
        "pull_request_empty",
        "{label} has all of these changes already; there is nothing to ask for.",
        r"No commits between",
    ),
    (
        "fork_refused",
        "{label} may not be forked, and the token may not push to it.",
        r"fork\w* (?:is|are) (?:disabled|not)",
    ),
    (
        "github_scope_missing",
        "The token isn't allowed to {doing}.{needs}",
        r"not accessible by|must have .*(?:scope|right)",
    ),
)
"""Code, sentence and GitHub's words for what its API refuses."""

_PUSHES = (
    (
        "github_token_refused",
        _REFUSED,
        r"could not read (?:Username|Password)|Authentication failed|Invalid username or|returned error: 401",
    ),
    ("repository_archived", _ARCHIVED, r"archived so it is read-only"),
    ("github_sso_required", _SSO, r"SAML SSO"),
    (
        "github_scope_missing",
        "The change touches .github/workflows, and the token lacks the scope workflow (Workflows: write).",
        r"without `workflows?` (?:scope|permission)",
    ),
    ("push_secret_found", "GitHub found a secret in the change and refused it.", r"PUSH PROTECTION|secrets? detected"),
    ("push_file_too_large", "The change holds a file that is too large for GitHub.", r"GH001|file size limit"),
    (
        "push_email_private",
        "The push would publish an email address that its user keeps private; send githubContext.email with the "
        "noreply address of GitHub's settings.",
        r"GH007",
    ),
    (
        "branch_protected",
        "The branch {branch} of {label} is protected and takes no push.{rules}",
        r"GH006|protected branch hook declined",
    ),
    (
        "branch_protected",
        "The rules of {label} refuse the branch {branch}.{rules}",
        r"GH013|repository rule violations",
    ),
    (
        "fork_outdated",
        "The fork {label} is too far behind its parent; bring it up to date (Sync fork) and retry.",
        r"shallow update not allowed",
    ),
    (
        "branch_conflict",
        "The branch {branch} of {label} stands in the way: it exists already, or moved meanwhile.",
        r"stale info|fetch first|non-fast-forward|cannot lock ref|already exists|failed to update ref|file conflict",
    ),
    (
        "github_scope_missing",
        "The token may not push to {label}: it needs the scope repo, or the permission Contents: write.",
        r"Permission to .* denied|Write access to repository not granted|returned error: 403",
    ),
    ("repository_moved", "{label} has moved; name its present address.", r"returned error: 30\d"),
    (
        "repository_not_found",
        "{label} doesn't exist, or the token may not see it.",
        r"Repository not found|repository '.*' not found|returned error: 404",
    ),
    ("push_refused", "{label} refused the push of {branch}.{rules}", r"\[(?:remote )?rejected\]|hook declined"),
)
"""Code, sentence and the words of git and GitHub for a push that no other attempt would change."""


def explain_answer(
    *, status: int, headers: Mapping[str, str], body: str, doing: str, label: str, reading: bool
) -> Fail | Retry:
    """The outcome of a job whose call to the API was answered with ``status``, which isn't a success.

    ``headers``: a mapping that doesn't care for case. ``doing``: what was tried, as "read ada/engine". ``label``: the
    repository, or what else it was about. ``reading``: whether the call would have changed nothing.
    """
    said = _said(body)
    if status >= 500:
        return Retry(reason=f"GitHub is in trouble: it answered {status} when asked to {doing}.")
    if limit := rate_limited(status=status, headers=headers, said=said):
        return limit
    if status == 401:
        return Fail("github_token_refused", _REFUSED)
    if "x-github-sso" in headers or "SAML" in said:
        return Fail("github_sso_required", _SSO.format(label=label))
    if (status == 403 or (status == 404 and not reading)) and (missing := _missing_scope(headers)):
        return Fail("github_scope_missing", f"The token lacks a scope: to {doing} it needs {missing}.")
    if "pull request already exists" in said:
        # Made a moment ago, perhaps by an attempt that died before it could tell: the next one looks first.
        return Retry(after=_LAG_SECONDS, reason=f"There is a pull request for this branch of {label} already.")
    for code, sentence, words in _ANSWERS:
        if re.search(words, said, re.IGNORECASE):
            return Fail(code, sentence.format(label=label, doing=doing, needs=_needed_permissions(headers)))
    return _unknown(status, said=said, doing=doing, label=label)


def explain_push(said: str, *, code: int, label: str, branch: str) -> Fail | Retry:
    """The outcome of a job whose ``git push`` ended with exit ``code`` after git ``said`` something on stderr."""
    if code == NOT_STARTED:
        return Fail("git_missing", "This worker has no git program; its operator needs to install it.")
    if code == KILLED:
        return Retry(reason=f"Pushing to {label} was ended by the system, perhaps for want of memory.")
    for failure, sentence, words in _PUSHES:
        if re.search(words, said):
            return Fail(failure, sentence.format(label=label, branch=branch, rules=_rules(said)))
    # Whether the push arrived is found out by the next attempt, which looks first.
    return Retry(reason=f"Pushing to {label} failed: its server can't be reached, broke off or is in trouble.")


def _unknown(status: int, *, said: str, doing: str, label: str) -> Fail:
    words = f" It says: {said[:_QUOTED]}" if said else ""
    match status:
        case 404:
            return Fail("repository_not_found", f"{label} doesn't exist, or the token may not see it.")
        case 301 | 302 | 307 | 308:
            return Fail("repository_moved", f"{label} has moved; name its present address.")
        case 403:
            return Fail("github_forbidden", f"GitHub doesn't allow this token to {doing}.{words}")
        case _:
            return Fail("github_refused", f"GitHub refused to {doing} ({status}).{words}")


def _said(body: str) -> str:
    """GitHub's message and those of its ``errors``, which are objects or plain texts."""
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    details = [
        error if isinstance(error, str) else error.get("message")
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, str | dict)
    ]
    return " ".join(text for text in (answer.get("message"), *details) if isinstance(text, str))


def _missing_scope(headers: Mapping[str, str]) -> str | None:
    """The scopes of which one is needed, where a classic token has none of them."""
    if "x-oauth-scopes" not in headers:
        return None
    accepted, held = _listed(headers.get("x-accepted-oauth-scopes", "")), _listed(headers["x-oauth-scopes"])
    if "repo" in held:
        held |= {"public_repo"}
    return " or ".join(sorted(accepted)) if accepted and not accepted & held else None


def _needed_permissions(headers: Mapping[str, str]) -> str:
    """A fine-grained token's missing permissions, as a sentence."""
    needed = headers.get("x-accepted-github-permissions", "")
    return f" It needs {needed}." if needed else ""


def _listed(text: str) -> set[str]:
    return {part.strip() for part in text.split(",") if part.strip()}


def _rules(said: str) -> str:
    """What the server names as its reasons."""
    reasons = re.findall(r"^remote: (?:error: |- )(?!GH\d)(.+?) *$", said, re.MULTILINE)
    return f" It says: {' '.join(reasons)[:_QUOTED]}" if reasons else ""
