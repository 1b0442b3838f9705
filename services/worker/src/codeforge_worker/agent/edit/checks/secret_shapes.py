"""What only a secret looks like: forms with a prefix, and mostly a length, of their own, as their makers have them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_B = r"(?<![A-Za-z0-9_-])"
_E = r"(?![A-Za-z0-9_-])"

SHAPES: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        (
            "a GitHub token",
            rf"{_B}(?:gh[opsur]_[A-Za-z0-9]{{36,255}}|github_pat_[A-Za-z0-9]{{22}}_[A-Za-z0-9]{{59}}){_E}",
        ),
        ("a GitLab token", rf"{_B}glpat-[A-Za-z0-9_-]{{20,60}}{_E}"),
        ("an AWS access key", rf"{_B}(?:AKIA|ASIA)[A-Z2-7]{{16}}{_E}"),
        (
            "an AWS secret key",
            r"(?i:aws_?secret_?access_?key)[\"']?\s{0,5}[:=]\s{0,5}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])",
        ),
        ("a Google API key", rf"{_B}AIza[A-Za-z0-9_-]{{35}}{_E}"),
        ("a Google client secret", rf"{_B}GOCSPX-[A-Za-z0-9_-]{{28}}{_E}"),
        ("a Slack token", rf"{_B}xox[abeoprs]-[A-Za-z0-9-]{{20,250}}{_E}"),
        ("a Slack webhook", r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,20}/B[A-Z0-9]{6,20}/[A-Za-z0-9]{20,40}"),
        ("a Stripe key", rf"{_B}(?:sk|rk)_live_[A-Za-z0-9]{{20,250}}{_E}"),
        ("an Anthropic key", rf"{_B}sk-ant-[a-z0-9]{{2,10}}-[A-Za-z0-9_-]{{80,120}}{_E}"),
        (
            "an OpenAI key",
            rf"{_B}sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{{40,200}}|[A-Za-z0-9]{{20}}T3BlbkFJ[A-Za-z0-9]{{20}}){_E}",
        ),
        ("an npm token", rf"{_B}npm_[A-Za-z0-9]{{36}}{_E}"),
        ("a PyPI token", rf"{_B}pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{{50,250}}"),
        (
            "a private key",
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----\s{1,5}[A-Za-z0-9+/=:, \n\r-]{40}",
        ),
    )
)
"""What it is, with its article, and its form. Each is bounded, and begins with text of its own: time stays linear."""
