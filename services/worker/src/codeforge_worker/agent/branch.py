"""Which names of branches are handed to git."""

from __future__ import annotations

import re

from codeforge_common.handler import Fail

# git-check-ref-format(1), and no dash in front, which git would take for an option.
_ALLOWED = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|\.lock$|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]{1,255}")


def check_branch(branch: str | None) -> None:
    """Returns where ``branch`` can be a branch's name, or is None, the default branch.

    :raises Fail: ``branch_refused``.
    """
    if branch is not None and not _ALLOWED.fullmatch(branch):
        raise Fail("branch_refused", "This branch can't be used: git allows no such name.")
