"""What the person gets: the change, where it is, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeforge_worker.agent.edit.change import FileSummary
from codeforge_worker.agent.envelope import envelope
from codeforge_worker.agent.markdown import code, table
from codeforge_worker.agent.which import Choice
from codeforge_worker.agent.workflows.enhance.desk import Desk
from codeforge_worker.agent.workflows.enhance.publication import Words

_APPLY = "There is no pull request{why}. The diff is a patch: `git apply` takes it."
_STOPPED = "The job ended before the change was finished. This is what there is of it; nothing was pushed."
_PUSHED = "The change is on the branch {branch} of {repository}; the job ended before there was a pull request."


async def result(
    desk: Desk, *, choice: Choice, words: Words | None, pull_request: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The envelope, with ``repository``, ``base`` ``{commit, branch}`` and ``route``.

    ``words``: None where the change isn't finished.

    :raises Fail: as :func:`codeforge_worker.agent.edit.diff.compare`.
    :raises Retry: likewise.
    """
    task, edit = desk.task, await desk.edit()
    whole = len(edit.patch.encode()) <= task.settings.agent_edit_diff_max_bytes
    return envelope(
        workflow=task.route.workflow,
        summary=_summary(edit.files, words=words, pull_request=pull_request),
        result=_answer(edit.files, desk=desk, words=words, pull_request=pull_request),
        diff=edit.patch if whole else edit.shown(limit=task.settings.agent_edit_diff_max_bytes),
        files=[file.to_json() for file in edit.files],
        pull_request=pull_request,
        usage=task.spending.budget.usage,
        repository=desk.repository.label,
        base={"commit": desk.base.commit, "branch": desk.base.branch},
        **task.decisions(choice),
    )


def _summary(files: Sequence[FileSummary], *, words: Words | None, pull_request: Mapping[str, Any] | None) -> str:
    changed = f"{len(files)} file{'' if len(files) == 1 else 's'} changed"
    if words is None:
        return f"Unfinished: {changed}."
    asked = f", pull request {pull_request['number']} is {pull_request['state']}" if pull_request else ""
    return f"{' '.join(words.title.split()).rstrip('.')}: {changed}{asked}."


def _answer(
    files: Sequence[FileSummary], *, desk: Desk, words: Words | None, pull_request: Mapping[str, Any] | None
) -> str:
    pushed, on_github = desk.pushed, desk.repository.takes_token
    parts = [words.said if words else _PUSHED.format(**pushed) if pushed else _STOPPED]
    if pull_request:
        asked = f"[{_plain(pull_request['title'])} (#{pull_request['number']})]({pull_request['url']})"
        closed = "" if pull_request["state"] == "open" else f" It is {pull_request['state']}."
        parts.append(
            f"**Pull request:** {asked}, from {code(pull_request['branch'])} into {code(pull_request['base'])}.{closed}"
        )
    if files:
        rows = [(code(file.path), file.status, f"+{file.additions} −{file.deletions}") for file in files]
        parts.append(table(("File", "Change", "#Lines"), rows))
    if words is not None and not pull_request:
        parts.append(_APPLY.format(why=": that needs a token (`githubContext.token`)" if on_github else ""))
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """A link's text, in which brackets would end it."""
    return text.replace("[", "(").replace("]", ")")
