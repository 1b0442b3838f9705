"""Who is calling: the same rules for HTTP, event streams and sockets, with no web framework in them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from codeforge_common.errors import ConfigurationError, Unauthenticated, UserMismatch
from codeforge_common.settings import IdentitySettings

LEEWAY_SECONDS = 30
"""How far the clock of whoever signs tokens may differ from ours (RFC 7519, section 4.1.4: a few minutes at most)."""

_LATEST = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: a token that says later runs out then."""

# Neither control characters nor lone surrogates: they have no form in a header, a log line or UTF-8.
_USER_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")


def is_user_id(value: object) -> bool:
    """Whether ``value`` can be a user id: a string of 1 to 200 characters without control characters."""
    return isinstance(value, str) and _USER_ID.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. ``user_id`` is None for one that names nobody, which only development mode lets through."""

    user_id: str | None
    expires_at: int | None = None
    """When the caller's token stops being accepted, leeway included, in seconds since 1970; None without a token.

    Whatever goes on longer than one request, a socket or a stream, ends then.
    """

    def may_see(self, owner: str) -> bool:
        """Whether this caller may see and act on what belongs to the user ``owner``."""
        return self.user_id is None or self.user_id == owner

    def acting_as(self, user_id: str | None) -> Principal:
        """This caller, after a path, a body or a join named a user.

        :raises UserMismatch: when it is another user than the caller.
        """
        if user_id is None:
            return self
        if not self.may_see(user_id):
            raise UserMismatch("The user named in the request isn't the caller.")
        return replace(self, user_id=user_id)


class Identity:
    """Finds out who calls, as ``AUTH_MODE`` says.

    ``jwt`` wants a bearer token, signed with ``AUTH_JWT_SECRET`` (HS256), with ``sub`` (the user id) and ``exp``.
    ``none`` (development) believes what it is told, and therefore answers to this machine only.
    """

    def __init__(self, settings: IdentitySettings, *, now: Callable[[], float] = time.time) -> None:
        """``now`` gives seconds since 1970."""
        self._settings = settings
        self._key: OctKey | None = None
        if settings.auth_mode == "jwt":
            if settings.auth_jwt_secret is None:
                raise ConfigurationError("AUTH_JWT_SECRET: is required with AUTH_MODE=jwt")
            self._key = OctKey.import_key(settings.auth_jwt_secret.get_secret_value())
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()), leeway=LEEWAY_SECONDS, sub={"essential": True}, exp={"essential": True}
        )

    def of_http(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Principal:
        """The caller of an HTTP request. ``headers`` have lower-case names or ignore case.

        :raises Unauthenticated: without a good token, with one in the query, or with a user id that can't be one.
        """
        if self._key is None:
            return _believed(_header_text(headers.get("x-user-id")) or query.get("userId"))
        if "token" in query or "access_token" in query:
            raise Unauthenticated("A token in an address ends up in access logs: send it as a bearer token.")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._of_token(token.strip() if scheme.lower() == "bearer" else "", key=self._key)

    def of_socket(self, auth: object) -> Principal:
        """The caller of a Socket.IO connection. ``auth`` is what it sent: ``{token}``, in development ``{userId}``.

        :raises Unauthenticated: as :meth:`of_http` does.
        """
        payload = auth if isinstance(auth, Mapping) else {}
        if self._key is None:
            return _believed(payload.get("userId"))
        token = payload.get("token")
        return self._of_token(token if isinstance(token, str) else "", key=self._key)

    def check_bind(self, host: str) -> None:
        """Lets a service listen on ``host``, or not.

        :raises ConfigurationError: when whoever reaches that address would be believed.
        """
        if self._key is None and not self._settings.auth_allow_insecure_bind and not _is_loopback(host):
            raise ConfigurationError(
                "HOST: with AUTH_MODE=none everybody is believed, so only this machine is listened to (127.0.0.1); "
                "set AUTH_MODE=jwt, or AUTH_ALLOW_INSECURE_BIND=true in a network that nobody else reaches"
            )

    def allows_host(self, host: str | None) -> bool:
        """Whether a request with this ``Host`` header is answered.

        In development mode only ``ALLOWED_HOSTS`` are, on any port: else a website could point a name of its own at
        127.0.0.1 and use the visitor's browser as a caller (DNS rebinding). A token is no use to such a website.
        """
        if self._key is not None:
            return True
        name = re.sub(r":\d*$", "", (host or "").lower()).removesuffix(".")
        return name in self._settings.allowed_hosts

    def allows_origin(self, origin: str | None, *, host: str | None) -> bool:
        """Whether a page of this ``Origin`` may call this ``Host``: the page's own, or one of ``CORS_ORIGINS``.

        Callers without an origin aren't pages. Some calls need no preflight, so that CORS alone wouldn't stop a
        foreign page from making them.
        """
        if origin is None or origin.lower() in self._settings.cors_origins:
            return True
        return host is not None and origin.lower().partition("://")[2] == host.lower()

    def _of_token(self, token: str, *, key: OctKey) -> Principal:
        if not token:
            raise Unauthenticated("A bearer token is required.")
        try:
            # The algorithm is ours to say, never the token's (RFC 8725, section 3.1).
            claims = jwt.decode(token, key, algorithms=["HS256"]).claims
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise Unauthenticated("The token has run out.") from None
        except (JoseError, ValueError, TypeError):
            raise Unauthenticated("The token isn't valid.") from None
        # Whole seconds, as the check counts them: who comes back at that moment with the same token is refused.
        expires_at = math.ceil(min(claims["exp"], _LATEST)) + LEEWAY_SECONDS
        return replace(_named(claims["sub"]), expires_at=expires_at)


def _believed(user_id: object) -> Principal:
    return Principal(None) if user_id in (None, "") else _named(user_id)


def _named(user_id: object) -> Principal:
    if not isinstance(user_id, str) or not is_user_id(user_id):
        raise Unauthenticated("A user id has 1 to 200 characters and no control characters.")
    return Principal(user_id)


def _header_text(value: str | None) -> str | None:
    """A header's text. Servers read headers as Latin-1; clients send UTF-8 (RFC 9110, section 5.5 leaves it open)."""
    if value is None or value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
