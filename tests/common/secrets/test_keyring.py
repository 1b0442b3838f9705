from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from codeforge_common.errors import ConfigurationError, SecretUnreadable
from codeforge_common.secrets import KeyRing
from codeforge_common.secrets.keyring import KEY_FILE
from codeforge_common.settings import SecretsSettings


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


RING = KeyRing.parse(new_key())
SEALED = RING.seal({"githubContext.token": "ghp_1"}, job_id="job_1", user_id="u1")


def development(state_dir: Path) -> SecretsSettings:
    return SecretsSettings(auth_mode="none", secrets_key=None, state_dir=state_dir)


@given(values=st.dictionaries(st.text(), st.text()), job_id=st.text(), user_id=st.text())
def test_what_was_sealed_is_opened_for_the_same_job(values: dict[str, str], job_id: str, user_id: str) -> None:
    sealed = RING.seal(values, job_id=job_id, user_id=user_id)
    assert RING.open(sealed, job_id=job_id, user_id=user_id) == values


@given(secret=st.text(alphabet="abcdef0123456789", min_size=6))
def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice(secret: str) -> None:
    first, second = (RING.seal({"token": secret}, job_id="job_1", user_id="u1") for _ in range(2))
    assert secret.encode() not in first
    assert first != second


@pytest.mark.parametrize(("job_id", "user_id"), [("job_2", "u1"), ("job_1", "u2"), ("", "job_1u1"), ("u1", "job_1")])
def test_it_is_not_opened_for_another_job_or_user(job_id: str, user_id: str) -> None:
    with pytest.raises(SecretUnreadable, match="don't belong"):
        RING.open(SEALED, job_id=job_id, user_id=user_id)


@given(place=st.integers(0, len(SEALED) - 1), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= flip
    with pytest.raises(SecretUnreadable):
        RING.open(bytes(changed), job_id="job_1", user_id="u1")


@given(length=st.integers(0, len(SEALED) - 1))
def test_a_cut_value_is_noticed(length: int) -> None:
    with pytest.raises(SecretUnreadable):
        RING.open(SEALED[:length], job_id="job_1", user_id="u1")


def test_keys_rotate_without_a_stop() -> None:
    old, new = new_key(), new_key()
    sealed = KeyRing.parse(old).seal({"t": "x"}, job_id="j", user_id="u")
    both = KeyRing.parse(f"{new}, {old}")
    assert both.open(sealed, job_id="j", user_id="u") == {"t": "x"}
    fresh = both.seal({"t": "x"}, job_id="j", user_id="u")
    assert KeyRing.parse(new).open(fresh, job_id="j", user_id="u") == {"t": "x"}
    with pytest.raises(SecretUnreadable, match="SECRETS_KEY"):
        KeyRing.parse(old).open(fresh, job_id="j", user_id="u")


def test_padding_is_optional() -> None:
    key = new_key()
    sealed = KeyRing.parse(key).seal({"t": "x"}, job_id="j", user_id="u")
    assert KeyRing.parse(key.rstrip("=")).open(sealed, job_id="j", user_id="u") == {"t": "x"}


@pytest.mark.parametrize(
    "text",
    ["", ",", "hunter2", "hunter2" * 7, "hünter2", new_key()[:-4], f"{new_key()},hunter2"],
    ids=["none", "comma", "short", "long", "not ASCII", "cut", "one of two"],
)
def test_a_bad_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^SECRETS_KEY: each key should be 32 bytes in URL-safe base64$"):
        KeyRing.parse(text)


def test_settings_with_keys_need_no_state_dir(tmp_path: Path) -> None:
    settings = SecretsSettings(secrets_key=SecretStr(new_key()), state_dir=tmp_path / "state")
    KeyRing.from_settings(settings)
    assert not settings.state_dir.exists()


def test_development_makes_one_key_that_only_the_owner_reads(tmp_path: Path) -> None:
    state = tmp_path / "state"
    sealed = KeyRing.from_settings(development(state)).seal({"t": "x"}, job_id="j", user_id="u")
    assert KeyRing.from_settings(development(state)).open(sealed, job_id="j", user_id="u") == {"t": "x"}
    assert [path.name for path in state.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((state / KEY_FILE).stat().st_mode) == 0o600


def test_services_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    start = Barrier(8)

    def ring() -> KeyRing:
        start.wait()
        return KeyRing.from_settings(development(tmp_path / "state"))

    with ThreadPoolExecutor(8) as pool:
        rings = [future.result() for future in [pool.submit(ring) for _ in range(8)]]
    sealed = rings[0].seal({"t": "x"}, job_id="j", user_id="u")
    assert all(ring.open(sealed, job_id="j", user_id="u") == {"t": "x"} for ring in rings)


def test_an_unusable_state_dir_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"^STATE_DIR: .*set SECRETS_KEY$"):
        KeyRing.from_settings(development(tmp_path / "state"))


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"^STATE_DIR: "):
        KeyRing.from_settings(development(tmp_path))


@given(result=st.binary(), job_id=st.text(), name=st.text())
def test_a_step_s_result_is_opened_for_the_same_step(result: bytes, job_id: str, name: str) -> None:
    sealed = RING.seal_step(result, job_id=job_id, user_id="u1", name=name)
    assert RING.open_step(sealed, job_id=job_id, user_id="u1", name=name) == result


@pytest.mark.parametrize(("job_id", "user_id", "name"), [("j2", "u1", "a"), ("j1", "u2", "a"), ("j1", "u1", "b")])
def test_it_is_not_opened_for_another_step(job_id: str, user_id: str, name: str) -> None:
    sealed = RING.seal_step(b"{}", job_id="j1", user_id="u1", name="a")
    with pytest.raises(SecretUnreadable, match="don't belong"):
        RING.open_step(sealed, job_id=job_id, user_id=user_id, name=name)
    with pytest.raises(SecretUnreadable, match="don't belong"):
        RING.open(sealed, job_id=job_id, user_id=user_id)
