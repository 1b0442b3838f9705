"""Brings what the tools wrote into git's index, where it is compared and committed from."""

from __future__ import annotations

import tempfile

from codeforge_worker.agent.edit.checkout import Checkout
from codeforge_worker.agent.edit.run import succeed


async def stage(checkout: Checkout) -> None:
    """Stages every file that was changed so far: those and nothing else, also where the repository ignores them.

    :raises Retry: when the system ended git.
    """
    if not checkout.originals:
        return
    with tempfile.NamedTemporaryFile("wb", dir=checkout.folder / ".git") as file:
        file.writelines(path.encode() + b"\0" for path in sorted(checkout.originals))
        file.flush()
        command = ("add", "--force", f"--pathspec-from-file={file.name}", "--pathspec-file-nul")
        await succeed(*command, folder=checkout.folder)
