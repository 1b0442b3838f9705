"""What the chat knows without a model: whether a message is work for the background, and what to answer. Pure.

Whether a message is work is decided in two places. Here, where it is clear: an order (not a question) that names what
is to be worked on, such as "update the readme in octo/cat". It costs nothing, and no model is asked. Whatever isn't
clear goes to the model, which is told what the product can do and puts a mark before its answer where the message is
work (see :mod:`codeforge_gateway.chat.opening`). Without a model it counts as talk.
"""

from __future__ import annotations

import re

LOOKED_AT = 2_000
"""Characters of a message that the rules look at: an order comes first, and a client's megabyte costs nothing."""

_POLITE = re.compile(
    r"(?:(?:hi|hello|hey|there|ok|okay|so|and|now|then|thanks|thank you|please|kindly|just|also)\b[\s,!.:-]*)*"
    r"(?:(?:can|could|would|will) you |i(?:'d| would) like you to |i (?:want|need) you to |i want to |let'?s |"
    r"go ahead and |try to )?(?:please |kindly |now |also )*",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:analy[sz]e|audit|review|refactor|fix|implement|add|update|change|edit|write|create|generate|build|migrate|"
    r"upgrade|port|translate|convert|rename|remove|delete|rewrite|replace|document|clean|improve|enhance|optimi[sz]e|"
    r"set up|test|bump|open|make|check|scan|work on|send)\b",
    re.IGNORECASE,
)

# What a person means who names one: an address, owner/name, a file, "my code", "the bug", "versace-landing repo".
_NAMED = re.compile(
    r"https?://\S+|git@\S+|"
    r"(?<![\w/.-])(?!(?:and|or|he|she|yes|no|true|false|input|client|tcp|on|pros|i|n)/)[\w-]{1,39}/[\w.-]+(?![\w/])|"
    r"\b[\w-]+\.(?:py|js|jsx|ts|tsx|md|rst|txt|json|ya?ml|toml|html|css|go|rs|java|kt|rb|php|cc?|cpp|h|cs|swift|sh|sql)\b|"
    r"\b(?:my|our|the|this|that|these|those|all|its)\s+(?:[\w-]+\s+){0,2}"
    r"(?:code|tests?|bugs?|app|application|project|site|website|landing|page|module|package|docs|documentation|"
    r"repo|repos|repository|repositories|codebase|branch|readme|dependencies|dockerfile|pipeline|api|endpoints?)\b|"
    r"\b[\w-]+ (?:repo|repository|codebase|branch)\b",
    re.IGNORECASE,
)
_MADE = re.compile(r"\b(?:pull request|pr|readme|repo|repository|codebase)\b", re.IGNORECASE)
"""What is worked on, named or not; in a question ("can you open pull requests?") it isn't an order."""

HOW = (
    "Tick **🔧 Background** beside Send and send it again: it becomes a job, the chat stays free, and you can follow "
    "it under **Background Jobs** (over HTTP: `backgroundMode: true`)."
)
WORK = f"That is work for the background. {HOW}"
"""The answer to what is work."""

CAPABILITIES = (
    "I work on code in the background of this chat:\n\n"
    "- **Analyse a repository**: languages, hot spots, TODOs, dependencies, licence\n"
    "- **Change one**: edit it as you ask and open a pull request, or generate code for it (needs a model)\n\n"
    "Name the repository as `owner/name` or by its address."
)
TALK = f"{CAPABILITIES}\n\n{HOW}"
"""The answer to everything else where there is no model."""


def is_work(message: str) -> bool:
    """Whether the message is clearly an order to work on something. The same message always gets the same answer."""
    said = message[:LOOKED_AT].lstrip()
    order = _ORDER.match(said, _end_of_politeness(said))
    if not order:
        return False
    rest = said[order.end() :]
    if _NAMED.search(rest):
        return True
    return not said.rstrip().endswith("?") and _MADE.search(rest) is not None


def _end_of_politeness(said: str) -> int:
    polite = _POLITE.match(said)
    return polite.end() if polite else 0
