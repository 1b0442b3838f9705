"""What a request allows to be changed. Only the request counts: what a repository's files say never widens it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codeforge_worker.agent.edit.ci import named_in, runs_in_ci

# Bounded, so that no message makes it slow.
_PATH = r"(?<![\w./@:-])(?:\./)?(?:[\w@.-]{1,100}/){0,20}(?:[\w@.-]{0,100}\.[A-Za-z][\w-]{0,20}|(?<=/))(?![\w/])"
_PATHS = rf"{_PATH}(?:(?:,|,? (?:and|or|và|hoặc)|,? &) {_PATH}){{0,20}}"
_WORDS = (
    "change|edit|touch|update|modify|fix|mend|translate|rewrite|write|in|to|the|file|files|folder"
    "|sửa|dịch|cập nhật|thay đổi|viết|trong|tệp|file"
)
_ONLY = re.compile(
    rf"\b(?:only|just|chỉ) (?:(?:{_WORDS}) ){{0,5}}({_PATHS})|({_PATHS}) (?:only|alone|thôi)\b", re.IGNORECASE
)
_FILE = re.compile(_PATH)
_MOST_TEXT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """``message``: the person's words. ``files``: paths, folders or names to stay within; none: the whole tree."""

    message: str
    files: Sequence[str] = ()

    @classmethod
    def of(cls, message: str, *, files: Sequence[str] = ()) -> Scope:
        """The scope of a request: the files that its context lists, else those that its message says *only* of.

        A file that is merely mentioned binds nothing: "rename count() in a.py and its callers" needs others.
        """
        text = message[:_MOST_TEXT]
        only = [_plain(path) for found in _ONLY.findall(text) for part in found for path in _FILE.findall(part)]
        return cls(message=text, files=tuple(filter(None, map(_plain, files))) or tuple(only))

    def objection(self, path: str) -> str | None:
        """Why ``path`` may not be changed, as a sentence; None: it may."""
        if self.files and not any(_covers(named, path) for named in self.files):
            return f"{path} isn't among the files that the request names: {', '.join(self.files[:20])}."
        if runs_in_ci(path) and not self._names(path):
            return f"{path} runs on a CI server, and the request doesn't ask for a change of CI."
        if path.casefold() == ".gitmodules":
            return f"{path} would bring other repositories in; submodules are left as they are."
        return None

    def _names(self, path: str) -> bool:
        listed = any(_covers(named, path) for named in self.files)
        message = self.message.casefold()
        spoken = any(re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", message) for name in _spellings(path))
        return listed or spoken or named_in(self.message, path=path)


def _plain(path: str) -> str:
    return path.strip().removeprefix("./").strip("/")


def _covers(named: str, path: str) -> bool:
    """Whether ``named`` is the path, a folder above it, or, without a folder, its name."""
    named, path = named.casefold(), path.casefold()
    return path == named or path.startswith(f"{named}/") or ("/" not in named and path.rpartition("/")[2] == named)


def _spellings(path: str) -> set[str]:
    """How a path may be spoken of: itself, its name, and the folders above it that are about nothing else."""
    parts = path.casefold().split("/")
    folders = {"/".join(parts[:count]) for count in range(1, len(parts)) if count > 1 or parts[0] != ".github"}
    return {parts[-1], "/".join(parts), *(folder for folder in folders if folder.startswith("."))}
