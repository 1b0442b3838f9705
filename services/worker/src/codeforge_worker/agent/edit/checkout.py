"""The working tree of an attempt: the files of one commit, byte for byte, and what earlier turns changed in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codeforge_common.handler import Fail
from codeforge_common.settings import MIB
from codeforge_worker.agent.edit.fetch import fetch
from codeforge_worker.agent.edit.guards import Missing, opened_root, read
from codeforge_worker.agent.edit.listing import Listing, list_commit
from codeforge_worker.agent.edit.patch import Patch, put_on
from codeforge_worker.agent.edit.paths import parts_of
from codeforge_worker.agent.edit.run import run, succeed
from codeforge_worker.agent.repository import Repository
from codeforge_worker.settings import AgentSettings

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256_DIGITS = 64
# Whatever the repository's own .gitattributes say: a file here has the bytes that it has in the commit. So nothing is
# converted on the way out and back, and no filter has anything to do.
_ATTRIBUTES = "* -text -ident -filter !working-tree-encoding !diff\n"
# Paths are for people to read; and what another system would take for .git isn't written here either.
_CONFIGURATION = "[core]\n\tquotePath = false\n\tprotectHFS = true\n\tprotectNTFS = true\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """``folder``: its root. ``base``: the id of the commit that it was made from. ``listing``: what that commit holds.

    ``originals``: every file that was changed so far, and its content in ``base``; None: it wasn't there.
    """

    folder: Path
    base: str
    listing: Listing
    originals: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """The hash function of the repository's ids."""
        return "sha256" if len(self.base) == _SHA256_DIGITS else "sha1"


async def check_out(
    repository: Repository,
    folder: Path,
    *,
    base: str,
    branch: str | None,
    token: str | None,
    settings: AgentSettings,
    patches: Sequence[Patch] = (),
    on_progress: Callable[[float], None] = lambda share: None,
) -> Checkout:
    """Makes the working tree of ``base`` (a full commit id) in the empty ``folder`` and applies ``patches`` in order.

    ``branch``: where ``base`` was found; None is the default one. ``patches``: what the finished turns have left. No
    hook, filter, submodule or symbolic link comes to life: a link is a file that holds its target. ``on_progress``
    gets the share done, 0 to 1.

    :raises Fail: ``base_gone``, ``repository_too_large``, ``repository_too_slow``, ``patch_conflict``, and what
        :mod:`codeforge_worker.agent.clone_failure` tells.
    :raises Retry: when the network or the server failed.
    """
    if not _COMMIT.fullmatch(base):
        raise ValueError("the base of an edit is the full id of a commit")
    form = "sha256" if len(base) == _SHA256_DIGITS else "sha1"
    await succeed("init", "--quiet", "--template=", f"--object-format={form}", folder=folder)
    await asyncio.to_thread(_configure, folder)
    await fetch(
        repository,
        folder,
        commit=base,
        branch=branch,
        token=token,
        settings=settings,
        on_progress=lambda share: on_progress(0.9 * share),
    )
    listing = await list_commit(base, folder=folder, settings=settings, label=repository.label)
    await _fill(folder, base=base, label=repository.label, settings=settings)
    checkout = Checkout(folder=folder, base=base, listing=listing)
    await asyncio.to_thread(_remember, checkout, patches=patches, limit=settings.agent_edit_file_max_bytes)
    if not await put_on(patches, folder=folder):
        raise Fail("patch_conflict", f"What this job changed before doesn't fit {repository.label} at {base[:12]}.")
    on_progress(1.0)
    return checkout


def _configure(folder: Path) -> None:
    information = folder / ".git" / "info"
    information.mkdir(exist_ok=True)
    (information / "attributes").write_text(_ATTRIBUTES, encoding="ascii")
    with (folder / ".git" / "config").open("a", encoding="ascii") as file:
        file.write(_CONFIGURATION)


async def _fill(folder: Path, *, base: str, label: str, settings: AgentSettings) -> None:
    limit = settings.agent_clone_max_bytes
    try:
        command = ("checkout", "--quiet", "--detach", "--no-recurse-submodules", base)
        ended = await run(*command, folder=folder, seconds=settings.agent_clone_timeout_seconds)
    except TimeoutError:
        raise Fail("repository_too_slow", f"Writing the files of {label} took too long.") from None
    if ended.code != 0:
        # Among its reasons: names that git refuses to write, such as .git in another spelling.
        raise Fail("checkout_failed", f"The files of {label} can't be written ({limit // MIB} MiB are allowed).")


def _remember(checkout: Checkout, *, patches: Sequence[Patch], limit: int) -> None:
    """Reads what the patches are about to change."""
    with opened_root(checkout.folder) as root:
        for path in {path for patch in patches for path in patch.paths}:
            try:
                checkout.originals[path] = read(root, parts_of(path), limit=limit)
            except Missing:
                checkout.originals[path] = None
