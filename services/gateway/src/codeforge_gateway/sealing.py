"""What is secret in a body: taken out, looked for where else it stands, and asked for again by a retry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from codeforge_common.secrets import Redactor, take_secrets
from codeforge_common.secrets.redaction import SHORTEST
from codeforge_gateway.errors import MISSING, Fault, InvalidRequest

MOST_SECRETS = 32
"""Secret values in one body. Each is looked for in all the rest of it."""

_IDS = ("userId", "sessionId")

# user:password@ with or without a scheme before it (RFC 3986, section 3.2.1); git@host:path names no secret.
_USERINFO = re.compile(r"://[^/?#]*@|^[^/?#:]*:[^/?#@]*@")

_INDEX = re.compile(r"\.\d+(?=\.|$)")


def without_secrets(body: Mapping[str, Any], fields: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """``body`` with its secrets nowhere in it, and the secrets by their dotted path.

    A secret that stands a second time, in the message or anywhere else, is redacted there, and so is whatever looks
    like a credential. An id can't be redacted: it would be somebody else's.

    :raises InvalidRequest: a secret is part of an id, ``context.repository`` carries credentials, or there are more
        than :data:`MOST_SECRETS`.
    """
    rest, secrets = take_secrets(body, fields)
    if len(secrets) > MOST_SECRETS:
        raise InvalidRequest([Fault("", f"has more than {MOST_SECRETS} secret values")])
    telling = [value for value in secrets.values() if len(value) >= SHORTEST]
    faults = [Fault(name, "holds a secret") for name in _IDS if any(value in rest[name] for value in telling)]
    repository = rest["context"].get("repository")
    if isinstance(repository, str) and _USERINFO.search(repository):
        faults.append(Fault("context.repository", "holds credentials; send a token as githubContext.token"))
    if faults:
        raise InvalidRequest(faults)
    redactor = Redactor(secrets.values())
    # Not the ids: they hold none of the secrets, and what only looks like a credential is left alone there.
    if redactor.finds_in([member for name, member in rest.items() if name not in _IDS]):
        rest = {name: member if name in _IDS else redactor.clean(member) for name, member in rest.items()}
    return rest, secrets


def fresh_secrets(body: Mapping[str, Any], fields: Sequence[str], *, context: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of a retry's ``body``, which replace all that the job had; empty where it brings none.

    ``context`` is the job's: its secrets are gone from it, but not the ``githubContext`` that a token stood in.

    :raises InvalidRequest: it brings some, and not for each of ``fields`` and a token that the job may have had.
    """
    _, secrets = take_secrets(body, fields)
    if not secrets:
        return {}
    brought = {_INDEX.sub("", path) for path in secrets}
    wanted = [*fields, *(["context.githubContext.token"] if "githubContext" in context else [])]
    missing = [
        field for field in dict.fromkeys(wanted) if not any(f"{path}.".startswith(f"{field}.") for path in brought)
    ]
    if missing:
        raise InvalidRequest([Fault(field, MISSING) for field in missing])
    return secrets
