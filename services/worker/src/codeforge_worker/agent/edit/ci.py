"""Which files run programs on a server as soon as they are pushed, and what people call the systems behind them."""

from __future__ import annotations

import re

_FILES = (
    (r"\.github/(?:workflows|actions)/.*", r"github[ -]?actions?|github[ -]workflows?|workflow files?"),
    (r"\.gitlab-ci\.ya?ml|\.gitlab/ci/.*", r"gitlab[ -]?ci"),
    (r"\.(?:gitea|forgejo)/(?:workflows|actions)/.*", r"gitea|forgejo"),
    (r"\.circleci/.*|circle\.ya?ml", r"circle[ -]?ci"),
    (r"\.travis\.ya?ml", r"travis"),
    (r"azure-pipelines[^/]*\.ya?ml|\.azure-pipelines/.*", r"azure[ -]pipelines?"),
    (r"(?:.*/)?jenkinsfile[^/]*", r"jenkins"),
    (r"\.?appveyor\.ya?ml", r"appveyor"),
    (r"bitbucket-pipelines\.ya?ml", r"bitbucket[ -]pipelines?"),
    (r"\.buildkite/.*", r"buildkite"),
    (r"\.drone\.ya?ml|\.woodpecker(?:\.ya?ml|/.*)", r"drone[ -]?ci|woodpecker"),
    (r"\.teamcity/.*", r"teamcity"),
    (r"cloudbuild[^/]*\.(?:ya?ml|json)|buildspec[^/]*\.ya?ml", r"cloud ?build|code ?build"),
    (r"\.ci/.*", r"(?!)"),
)
"""Pattern of the files, and of what people call their system. By the systems' own documentation of where they look."""

_ALL = r"\b(?:CI|(?i:continuous integration|(?:build|deployment) pipelines?))\b"


def runs_in_ci(path: str) -> bool:
    """Whether ``path`` is a CI system's; in any spelling of its letters, as case-insensitive systems have it."""
    return any(re.fullmatch(pattern, path.casefold()) for pattern, _ in _FILES)


def named_in(message: str, *, path: str) -> bool:
    """Whether ``message`` speaks of the CI system that ``path`` belongs to, or of CI at all."""
    names = [name for pattern, name in _FILES if re.fullmatch(pattern, path.casefold())]
    return bool(re.search(_ALL, message)) or any(
        re.search(rf"\b(?:{name})\b", message, re.IGNORECASE) for name in names
    )
