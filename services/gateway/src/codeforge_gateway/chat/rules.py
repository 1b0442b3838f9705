"""What the chat knows without a model: whether a message is work for the background, and what to answer. Pure.

Whether a message is work is decided in two places. Here, where it is clear: an order (not a question) that names what
is to be worked on, such as "update the readme in octo/cat". It costs nothing, and no model is asked. Whatever isn't
clear goes to the model, which is told what the product can do and puts a mark before its answer where the message is
work (see :mod:`codeforge_gateway.chat.opening`). Without a model it counts as talk.

A chat without a model offers the background only for what surely works there: analyses. A change needs a model in the
worker, which reads settings of its own: the chat can't know whether it has one, so it says what is needed, and how to
go on where it is there.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

LOOKED_AT = 2_000
"""Characters of a message that the rules look at: an order comes first, and a client's megabyte costs nothing."""

_POLITE = re.compile(
    r"(?:(?:hi|hello|hey|there|ok|okay|so|and|now|then|thanks|thank you|please|kindly|just|also"
    r"|xin chào|chào|cảm ơn|bạn|vui lòng|làm ơn|hãy)\b[\s,!.:-]*)*"
    r"(?:(?:can|could|would|will) you |i(?:'d| would) like you to |i (?:want|need) you to |i want to |let'?s |"
    r"go ahead and |try to |có thể )?(?:(?:please|kindly|now|also|hãy|giúp (?:tôi|mình)) )*",
    re.IGNORECASE,
)
_ANALYSES = "analy[sz]e|audit|review|phân tích|đánh giá"
_CHANGES = (
    "refactor|fix|implement|add|update|change|edit|write|create|generate|build|migrate|upgrade|translate|convert"
    "|rename|remove|delete|rewrite|replace|improve|enhance|optimi[sz]e"
    "|cập nhật|sửa|thêm|xóa|xoá|dịch|cải thiện|tạo|viết|xây dựng"
)
_OTHERS = "port|document|clean|set up|test|bump|open|make|work on|send"
_LOOKS = "check|scan|kiểm tra"
"""An analysis, unless a change is asked for as well."""

_ORDER = re.compile(
    rf"(?:(?P<analysis>{_ANALYSES})|(?P<look>{_LOOKS})|{_CHANGES}|{_OTHERS})\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(rf"\b(?:{_CHANGES})\b", re.IGNORECASE)

# What a person means who names one: an address, owner/name, a file, "my code", "the bug", "versace-landing repo".
_NAMED = re.compile(
    r"https?://\S+|git@\S+|"
    r"(?<![\w/.-])(?!(?:and|or|he|she|yes|no|true|false|input|client|tcp|on|pros|i|n)/)[\w-]{1,39}/[\w.-]+(?![\w/])|"
    r"\b[\w-]+\.(?:py|js|jsx|ts|tsx|md|rst|txt|json|ya?ml|toml|html|css|go|rs|java|kt|rb|php|cc?|cpp|h|cs|swift|sh|sql)\b|"
    r"\b(?:my|our|the|this|that|these|those|all|its)\s+(?:[\w-]+\s+){0,2}"
    r"(?:code|tests?|bugs?|app|application|project|site|website|landing|page|module|package|docs|documentation|"
    r"repo|repos|repository|repositories|codebase|branch|readme|dependencies|dockerfile|pipeline|api|endpoints?)\b|"
    r"\b[\w-]+ (?:repo|repository|codebase|branch)\b|\bkho mã\b|"
    r"\b(?:mã nguồn|code|dự án|ứng dụng|trang(?: web)?|tài liệu|readme)\s+(?:này|của (?:tôi|mình|chúng tôi))\b",
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

ANALYSIS_ONLY = "No model is configured for this chat (`AGENT_MODEL`), so I can only promise to analyse repositories."

NEEDS_A_MODEL = (
    f"{ANALYSIS_ONLY} What you ask for needs one in the worker. Where the worker has a model, send it nevertheless. "
    f"{HOW}"
)
"""The answer of a chat without a model to work that isn't an analysis."""

TALK = (
    f"{ANALYSIS_ONLY}\n\n"
    "I work on code in the background of this chat:\n\n"
    "- **Analyse a repository**: languages, hot spots, TODOs, dependencies, licence\n"
    "- **Change one**: edit it as you ask and open a pull request, or generate code for it (needs a model in the "
    "worker)\n\n"
    f"Name the repository as `owner/name` or by its address.\n\n{HOW}"
)
"""The answer of a chat without a model to everything else."""


class Work(Enum):
    """What is to be done in the background."""

    ANALYSIS = "analysis"
    """Works without a model too."""
    CHANGE = "change"


def work_in(message: str) -> Work | None:
    """What the message clearly orders; None: nothing. The same message always gets the same answer."""
    # A letter with its accent may come as two characters (macOS does so).
    said = unicodedata.normalize("NFC", message[:LOOKED_AT]).lstrip()
    order = _ORDER.match(said, _end_of_politeness(said))
    if not order:
        return None
    rest = said[order.end() :]
    if not _NAMED.search(rest) and (said.rstrip().endswith("?") or not _MADE.search(rest)):
        return None
    if order["analysis"] or (order["look"] and not _CHANGE.search(rest)):
        return Work.ANALYSIS
    return Work.CHANGE


def without_a_model(work: Work | None) -> str:
    """What a chat without a model answers to ``work``."""
    match work:
        case Work.ANALYSIS:
            return WORK
        case Work.CHANGE:
            return NEEDS_A_MODEL
        case None:
            return TALK


def _end_of_politeness(said: str) -> int:
    polite = _POLITE.match(said)
    return polite.end() if polite else 0
