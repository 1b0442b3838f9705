from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from codeforge_common.errors import ConfigurationError, Unauthenticated, UserMismatch
from codeforge_common.identity import LEEWAY_SECONDS, Identity, Principal, is_user_id
from codeforge_common.settings import IdentitySettings

SECRET = "k" * 32
NOW = 1_800_000_000


def token(*, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    said = {"sub": "ann", "exp": NOW + 60} | claims
    known = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"alg": algorithm}, known, OctKey.import_key(secret), algorithms=[algorithm])


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


DEVELOPMENT = Identity(IdentitySettings(auth_mode="none"))
JWT = Identity(IdentitySettings(auth_mode="jwt", auth_jwt_secret=SecretStr(SECRET)), now=lambda: NOW)


class TestDevelopmentMode:
    @pytest.mark.parametrize(
        ("headers", "query", "user_id"),
        [
            ({"x-user-id": "ann"}, {}, "ann"),
            ({}, {"userId": "ann"}, "ann"),
            ({"x-user-id": "ann"}, {"userId": "bob"}, "ann"),
            ({"x-user-id": ""}, {"userId": ""}, None),
            ({"x-user-id": "jürgen".encode().decode("latin-1")}, {}, "jürgen"),
            ({"x-user-id": "j\xfcrgen"}, {}, "jürgen"),
            ({}, {}, None),
        ],
    )
    def test_the_caller_is_whom_it_says(
        self, headers: dict[str, str], query: dict[str, str], user_id: str | None
    ) -> None:
        assert DEVELOPMENT.of_http(headers, query) == Principal(user_id)

    @pytest.mark.parametrize(
        ("auth", "user_id"), [({"userId": "ann"}, "ann"), ({}, None), (None, None), ("ann", None), ([1], None)]
    )
    def test_so_it_is_on_a_socket(self, auth: object, user_id: str | None) -> None:
        assert DEVELOPMENT.of_socket(auth) == Principal(user_id)

    @pytest.mark.parametrize("user_id", ["a\nb", "\x00", "\x7f", "x" * 201, "\ud800", 7, ["ann"]])
    def test_what_can_not_be_a_user_id_is_refused(self, user_id: Any) -> None:
        with pytest.raises(Unauthenticated, match="1 to 200 characters"):
            DEVELOPMENT.of_socket({"userId": user_id})

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
    def test_it_listens_to_this_machine(self, host: str) -> None:
        DEVELOPMENT.check_bind(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.7", "chat.example.org"])
    def test_it_refuses_to_listen_beyond_unless_allowed(self, host: str) -> None:
        with pytest.raises(ConfigurationError, match=r"^HOST: .*AUTH_ALLOW_INSECURE_BIND=true"):
            DEVELOPMENT.check_bind(host)
        Identity(IdentitySettings(auth_mode="none", auth_allow_insecure_bind=True)).check_bind(host)

    @pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1:9", "[::1]:80", "[::1]", "localhost."])
    def test_it_answers_to_local_names(self, host: str) -> None:
        assert DEVELOPMENT.allows_host(host)

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.test", "", None, "::1"])
    def test_it_answers_to_no_other_name(self, host: str | None) -> None:
        assert not DEVELOPMENT.allows_host(host)

    def test_it_answers_to_the_names_in_the_settings(self) -> None:
        identity = Identity(IdentitySettings(auth_mode="none", allowed_hosts=("chat.test",)))
        assert identity.allows_host("chat.test:8000")
        assert not identity.allows_host("localhost")


class TestJwtMode:
    def test_the_caller_is_the_subject_of_the_token(self) -> None:
        ann = Principal("ann", expires_at=NOW + 60 + LEEWAY_SECONDS)
        assert JWT.of_http(bearer(token()), {}) == ann
        assert JWT.of_http({"authorization": f"bearer  {token()} "}, {}) == ann
        assert JWT.of_socket({"token": token()}) == ann

    def test_nobody_is_believed_without_a_token(self) -> None:
        for headers in ({}, {"x-user-id": "ann"}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}):
            with pytest.raises(Unauthenticated, match="required"):
                JWT.of_http(headers, {"userId": "ann"})
        for auth in (None, {}, {"userId": "ann"}, {"token": 7}, token()):
            with pytest.raises(Unauthenticated, match="required"):
                JWT.of_socket(auth)

    @pytest.mark.parametrize("name", ["token", "access_token"])
    def test_a_token_in_the_query_is_refused_even_beside_a_good_one(self, name: str) -> None:
        with pytest.raises(Unauthenticated, match="access logs"):
            JWT.of_http(bearer(token()), {name: token()})

    @pytest.mark.parametrize(
        "bad",
        [
            token(secret="x" * 32),
            token(algorithm="HS512", secret="k" * 64),
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjI5MDAwMDAwMDB9.",
            token(sub=None),
            token(exp=None),
            token(exp="tomorrow"),
            token(exp=math.nan),
            token(exp=math.inf),
            token(sub=7),
            token(nbf=NOW + 3600),
            token() + "x",
        ],
    )
    def test_a_bad_token_is_refused(self, bad: str) -> None:
        with pytest.raises(Unauthenticated, match="isn't valid"):
            JWT.of_http(bearer(bad), {})

    @pytest.mark.parametrize("sub", ["a\nb", "x" * 201])
    def test_a_subject_that_can_not_be_a_user_id_is_refused(self, sub: str) -> None:
        with pytest.raises(Unauthenticated, match="1 to 200 characters"):
            JWT.of_http(bearer(token(sub=sub)), {})

    def test_an_empty_subject_is_not_an_unnamed_caller(self) -> None:
        with pytest.raises(Unauthenticated):
            JWT.of_http(bearer(token(sub="")), {})

    @pytest.mark.parametrize(("age", "good"), [(LEEWAY_SECONDS - 1, True), (LEEWAY_SECONDS, False)])
    def test_a_token_runs_out_with_a_small_leeway(self, age: int, good: bool) -> None:
        if good:
            assert JWT.of_http(bearer(token(exp=NOW - age)), {}).user_id == "ann"
        else:
            with pytest.raises(Unauthenticated, match="run out"):
                JWT.of_http(bearer(token(exp=NOW - age)), {})

    @given(exp=st.integers(NOW - LEEWAY_SECONDS + 1, NOW + 100) | st.floats(NOW - LEEWAY_SECONDS + 1, NOW + 100))
    def test_it_is_refused_from_the_moment_that_the_caller_expires(self, exp: float) -> None:
        clock = float(NOW)
        identity = Identity(IdentitySettings(auth_mode="jwt", auth_jwt_secret=SecretStr(SECRET)), now=lambda: clock)
        text = token(exp=exp)
        expires_at = identity.of_socket({"token": text}).expires_at
        assert expires_at is not None
        clock = expires_at - 0.001
        assert identity.of_socket({"token": text}).expires_at == expires_at
        clock = expires_at
        with pytest.raises(Unauthenticated, match="run out"):
            identity.of_socket({"token": text})

    @pytest.mark.parametrize("exp", [10**18, 10**400, 1e300])
    def test_a_token_for_ever_runs_out_at_a_time_that_can_be_reckoned_with(self, exp: float) -> None:
        expires_at = JWT.of_socket({"token": token(exp=exp)}).expires_at
        assert expires_at is not None
        assert NOW < expires_at < 2**53

    @given(text=st.text())
    def test_any_text_is_refused_with_the_same_error(self, text: str) -> None:
        with pytest.raises(Unauthenticated):
            JWT.of_socket({"token": text})

    def test_it_listens_everywhere_and_answers_to_any_name(self) -> None:
        JWT.check_bind("0.0.0.0")
        assert JWT.allows_host("chat.example.org")


@pytest.mark.parametrize("identity", [DEVELOPMENT, JWT])
def test_pages_of_other_origins_may_call_only_when_listed(identity: Identity) -> None:
    assert identity.allows_origin(None, host="localhost:8000")
    assert identity.allows_origin("http://localhost:8000", host="localhost:8000")
    assert not identity.allows_origin("http://localhost:3000", host="localhost:8000")
    assert not identity.allows_origin("null", host="localhost:8000")
    assert not identity.allows_origin("http://[", host="localhost:8000")
    assert not identity.allows_origin("https://evil.example", host=None)
    listed = Identity(IdentitySettings(auth_mode="none", cors_origins=("https://chat.example",)))
    assert listed.allows_origin("https://Chat.example", host="localhost:8000")
    assert not listed.allows_origin("http://chat.example", host="localhost:8000")


def test_a_named_caller_sees_and_acts_for_itself_only() -> None:
    ann = Principal("ann")
    assert ann.may_see("ann")
    assert not ann.may_see("bob")
    assert ann.acting_as("ann") == ann.acting_as(None) == ann
    assert Principal("ann", expires_at=NOW).acting_as("ann").expires_at == NOW
    with pytest.raises(UserMismatch):
        ann.acting_as("bob")


def test_a_caller_that_names_nobody_becomes_whom_the_request_names() -> None:
    nobody = Principal(None)
    assert nobody.may_see("ann")
    assert nobody.acting_as("ann") == Principal("ann")
    assert nobody.acting_as(None) == nobody


def test_a_user_id_has_1_to_200_characters() -> None:
    assert is_user_id("a")
    assert is_user_id("ü" * 200)
    assert not is_user_id("")
    assert not is_user_id("a" * 201)
    assert not is_user_id(7)
