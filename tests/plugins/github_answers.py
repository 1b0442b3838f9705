"""What the fake GitHub answers to each call, in GitHub's shapes and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.plugins.github_state import GitHubState, HostedPullRequest, HostedRepository, Token

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as it came in, the names of its headers in lower case, and the addresses that answers name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    api_url: str
    server_url: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``content``: JSON, or bytes that are sent as they are."""

    status: int = 200
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def error(status: int, message: str, *, errors: Sequence[Mapping[str, str]] = (), **headers: str) -> Answer:
    """An error as GitHub tells it."""
    content: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    content |= {"errors": list(errors)} if errors else {}
    return Answer(
        status=status, content=content, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def answer(state: GitHubState, call: Call, *, name: str, parts: Mapping[str, str]) -> Answer:
    """The answer to a call without faults: ``name`` is its shape's, ``parts`` what its path holds."""
    token = state.tokens.get(call.headers.get("authorization", "").removeprefix("Bearer "))
    if token is None:
        return error(401, "Bad credentials")
    served = _Served(state=state, call=call, token=token)
    found = served.on_repository(name, parts) if "name" in parts else served.on_user(name)
    scopes = {} if token.scopes is None else {"X-OAuth-Scopes": ", ".join(sorted(token.scopes))}
    return Answer(status=found.status, content=found.content, headers={**scopes, **found.headers})


@dataclass(frozen=True, kw_only=True)
class _Served:
    """One call of one token."""

    state: GitHubState
    call: Call
    token: Token

    def on_user(self, name: str) -> Answer:
        if name == "user":
            return Answer(content={**self._user(self.token.login), "name": self.token.login.title(), "email": None})
        login, query = self.token.login, self.call.query
        listed = [one for one in self.state.repositories.values() if login in {one.owner, *one.writers, *one.readers}]
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        shown = listed[(page - 1) * size : page * size]
        more = len(listed) > page * size
        link = {"Link": f'<{self.call.api_url}/user/repos?page={page + 1}>; rel="next"'} if more else {}
        return Answer(content=[self._repository(one) for one in shown], headers=link)

    def on_repository(self, name: str, parts: Mapping[str, str]) -> Answer:
        if (present := self.state.renamed.get(parts["name"])) is not None:
            location = f"{self.call.api_url}{self.call.path.replace(parts['name'], present)}"
            return error(301, "Moved Permanently", Location=location)
        repository = self.state.visible(parts["name"], token=self.token)
        if repository is None:
            return error(404, "Not Found", X_Accepted_OAuth_Scopes="repo")
        match name:
            case "repository":
                parent = {} if repository.parent is None else {"parent": self._repository(repository.parent)}
                return Answer(content={**self._repository(repository), **parent})
            case "reference":
                return self._reference(repository, parts["ref"])
            case "pull_requests":
                return self._pull_requests(repository)
            case "fork":
                return self._fork(repository)
            case _:
                return self._open(repository)

    def _reference(self, repository: HostedRepository, ref: str) -> Answer:
        if repository.looks_until_ready > 0:
            repository.looks_until_ready -= 1
            return error(409, "Git Repository is empty.")
        tip = repository.tip(ref.removeprefix("heads/"))
        if tip is None:
            return error(404, "Not Found") if repository.branches() else error(409, "Git Repository is empty.")
        url = f"{self.call.api_url}/repos/{repository.full_name}/git"
        target = {"type": "commit", "sha": tip, "url": f"{url}/commits/{tip}"}
        return Answer(content={"ref": f"refs/{ref}", "node_id": "x", "url": f"{url}/refs/{ref}", "object": target})

    def _pull_requests(self, repository: HostedRepository) -> Answer:
        query = self.call.query
        own = [one for one in self.state.pull_requests if one.repository is repository]
        state, head = query.get("state", "open"), query.get("head", "")
        own = [one for one in own if state in ("all", one.state)]
        if ":" in head:  # without an owner GitHub takes it for no filter
            own = [one for one in own if one.label.lower() == head.lower()]
        own = [one for one in own if query.get("base") in (None, one.base)]
        return Answer(content=[self._pull_request(one) for one in reversed(own)])

    def _fork(self, repository: HostedRepository) -> Answer:
        if not self.token.covers(private=repository.private):
            return self._not_covered()
        if not repository.allow_forking:
            return error(403, "Forking is disabled for this repository.")
        if repository.owner == self.token.login:
            return error(422, "You cannot fork your own repository.")
        return Answer(status=202, content=self._repository(self.state.fork(repository, owner=self.token.login)))

    def _open(self, repository: HostedRepository) -> Answer:
        if not self.token.covers(private=repository.private):
            return self._not_covered()
        if repository.archived:
            return error(403, "Repository was archived so is read-only.")
        wanted = self.call.body
        owner, _, branch = wanted["head"].rpartition(":")
        source = self._source(repository, owner or repository.owner)
        head = None if source is None else source.tip(branch)
        if source is None or head is None:
            return _invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
        if repository.tip(wanted["base"]) is None:
            return _invalid({"resource": "PullRequest", "field": "base", "code": "invalid"})
        for member, most in (("title", 256), ("body", 65_536)):
            if len(wanted.get(member, "")) > most:
                return _invalid(_custom(f"{member} is too long (maximum is {most} characters)"))
        label = f"{source.owner}:{branch}"
        if repository.has_merged(head):
            return _invalid(_custom(f"No commits between {wanted['base']} and {label}"))
        if any(one.label == label and one.state == "open" for one in self.state.pull_requests):
            return _invalid(_custom(f"A pull request already exists for {label}."))
        opened = HostedPullRequest(
            number=1 + len(self.state.pull_requests),
            repository=repository,
            source=source,
            branch=branch,
            base=wanted["base"],
            title=wanted["title"],
            body=wanted.get("body", ""),
            head=head,
            author=self.token.login,
        )
        self.state.pull_requests.append(opened)
        return Answer(status=201, content=self._pull_request(opened))

    def _source(self, repository: HostedRepository, owner: str) -> HostedRepository | None:
        network = (one for one in self.state.repositories.values() if repository in (one, one.parent))
        return next((one for one in network if one.owner == owner), None)

    def _not_covered(self) -> Answer:
        if self.token.scopes is None:
            said = "Resource not accessible by personal access token"
            return error(403, said, X_Accepted_GitHub_Permissions="pull_requests=write")
        return error(404, "Not Found", X_Accepted_OAuth_Scopes="public_repo, repo")

    def _user(self, login: str) -> dict[str, Any]:
        url = f"{self.call.api_url}/users/{login}"
        return {"login": login, "id": self.state.users[login], "node_id": "x", "url": url, "type": "User"}

    def _repository(self, repository: HostedRepository) -> dict[str, Any]:
        push = repository.writable_by(self.token.login)
        return {
            "id": 1,
            "name": repository.full_name.partition("/")[2],
            "full_name": repository.full_name,
            "owner": self._user(repository.owner),
            "private": repository.private,
            "html_url": f"{self.call.server_url}/{repository.full_name}",
            "clone_url": f"{self.call.server_url}/{repository.full_name}.git",
            "description": None,
            "fork": repository.parent is not None,
            "default_branch": repository.default_branch,
            "archived": repository.archived,
            "disabled": False,
            "allow_forking": repository.allow_forking,
            "permissions": {"admin": push, "maintain": push, "push": push, "triage": push, "pull": True},
        }

    def _pull_request(self, one: HostedPullRequest) -> dict[str, Any]:
        name = one.repository.full_name
        return {
            "id": one.number,
            "number": one.number,
            "state": one.state,
            "title": one.title,
            "body": one.body,
            "draft": False,
            "user": self._user(one.author),
            "url": f"{self.call.api_url}/repos/{name}/pulls/{one.number}",
            "html_url": f"{self.call.server_url}/{name}/pull/{one.number}",
            "head": self._end(one.source, one.branch, one.source.tip(one.branch) or one.head),
            "base": self._end(one.repository, one.base, one.repository.tip(one.base) or ""),
        }

    def _end(self, repository: HostedRepository, branch: str, sha: str) -> dict[str, Any]:
        label = f"{repository.owner}:{branch}"
        user = self._user(repository.owner)
        return {"label": label, "ref": branch, "sha": sha, "user": user, "repo": self._repository(repository)}


def _custom(message: str) -> Mapping[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}


def _invalid(fault: Mapping[str, str]) -> Answer:
    return error(422, "Validation Failed", errors=[fault])
