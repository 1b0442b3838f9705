"""What the chat answers in the conversation itself while no model is configured: rules. Pure."""

from __future__ import annotations

import re

_WORK = re.compile(
    r"\b(analy[sz]e|review|audit|refactor|fix|implement|add|write|create|generate|build|migrate|upgrade|test|"
    r"repo|repository|repositories|code|bug|branch|pull request)\b",
    re.IGNORECASE,
)

_HOW = (
    "Tick **🔧 Background** beside Send and send it again: it becomes a job, the chat stays free, and you can follow "
    "it under **Background Jobs** (over HTTP: `backgroundMode: true`)."
)

_CAPABILITIES = (
    "I work on code in the background of this chat:\n\n"
    "- **Analyse a repository**: languages, hot spots, TODOs, dependencies, licence\n"
    "- **Change one**: enhance it, or generate code for it (needs a model)\n\n"
    "Name the repository as `owner/name` or by its address."
)


def reply(message: str) -> str:
    """The answer for the person, in Markdown. The same message always gets the same answer."""
    if _WORK.search(message):
        return f"That is work for the background. {_HOW}"
    return f"{_CAPABILITIES}\n\n{_HOW}"
