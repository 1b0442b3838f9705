"""Seals a job's secrets at the gateway and opens them in the worker."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from codeforge_common.errors import ConfigurationError, SecretUnreadable
from codeforge_common.settings import SecretsSettings

KEY_BYTES = 32
KEY_FILE = "secrets.key"
"""Name of the development key in ``STATE_DIR``."""

_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: random nonces of 96 bits, for at most 2**32 seals with one key
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES


class KeyRing:
    """The keys of an installation. The first one seals, all of them open, so keys can be replaced without a stop.

    A sealed value is ``version (1 byte) | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag (16)``. Job id,
    user id, a step's name and everything before the ciphertext are authenticated with it: moved to another job, or to
    another step, it can't be opened.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys``: at least one, of 32 bytes each."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError("SECRETS_KEY: each key should be 32 bytes in URL-safe base64")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing = _key_id(keys[0])

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """The ring from ``SECRETS_KEY``: keys in URL-safe base64 (padding is optional), separated by commas.

        :raises ConfigurationError: when one isn't a key; the text isn't shown.
        """
        return cls([_decode(part.strip()) for part in text.split(",") if part.strip()])

    @classmethod
    def from_settings(cls, settings: SecretsSettings) -> KeyRing:
        """The ring of ``SECRETS_KEY``; without one, and in development only, that of a key file in ``STATE_DIR``.

        Gateway and worker may start together: whoever comes first makes the file, the other reads it.

        :raises ConfigurationError: when there is no usable key and none may be made.
        """
        if settings.secrets_key is not None:
            return cls.parse(settings.secrets_key.get_secret_value())
        if settings.auth_mode != "none":
            raise ConfigurationError(f"SECRETS_KEY: is required with AUTH_MODE={settings.auth_mode}")
        return cls.parse(_development_key(settings.state_dir))

    def seal(self, values: Mapping[str, str], *, job_id: str, user_id: str) -> bytes:
        """``values`` (dotted path to secret) as bytes that only this installation can open, for this job only."""
        # ASCII on purpose: JSON may hold lone surrogates, which UTF-8 can't.
        return self._seal(json.dumps(dict(values)).encode("ascii"), job_id, user_id)

    def open(self, sealed: bytes, *, job_id: str, user_id: str) -> dict[str, str]:
        """The inverse of :meth:`seal`.

        :raises SecretUnreadable: when its key isn't on this ring, or it was changed, cut or sealed for another job.
        """
        opened: dict[str, str] = json.loads(self._open(sealed, job_id, user_id))
        return opened

    def seal_step(self, result: bytes, *, job_id: str, user_id: str, name: str) -> bytes:
        """A step's result as bytes that only this installation can open, as that of this step of this job."""
        return self._seal(result, job_id, user_id, name)

    def open_step(self, sealed: bytes, *, job_id: str, user_id: str, name: str) -> bytes:
        """The inverse of :meth:`seal_step`. Raises SecretUnreadable as :meth:`open` does."""
        return self._open(sealed, job_id, user_id, name)

    def _seal(self, plain: bytes, *owner: str) -> bytes:
        head, nonce = _VERSION + self._sealing, os.urandom(_NONCE_BYTES)
        return head + nonce + self._ciphers[self._sealing].encrypt(nonce, plain, _bound(head, owner))

    def _open(self, sealed: bytes, *owner: str) -> bytes:
        head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
        if head[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
            raise SecretUnreadable("The sealed secrets of the job have an unknown form.")
        cipher = self._ciphers.get(head[1:])
        if cipher is None:
            raise SecretUnreadable("The secrets of the job were sealed with a key that isn't in SECRETS_KEY here.")
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], _bound(head, owner))
        except InvalidTag:
            raise SecretUnreadable("The sealed secrets don't belong to the job, or were changed.") from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"codeforge key id" + key).digest()[:_KEY_ID_BYTES]


def _bound(head: bytes, owner: Sequence[str]) -> bytes:
    return head + json.dumps(owner).encode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError("SECRETS_KEY: each key should be 32 bytes in URL-safe base64") from None


def _development_key(state_dir: Path) -> str:
    path = state_dir / KEY_FILE
    try:
        if not path.exists():
            state_dir.mkdir(parents=True, exist_ok=True)
            _make_key_file(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a key"
        raise ConfigurationError(
            f"STATE_DIR: the development key {path} can't be read or made ({reason}); set SECRETS_KEY"
        ) from None


def _make_key_file(path: Path) -> None:
    # Written whole under another name and then linked: nobody ever reads half a key, and of two processes that start
    # together one wins and the other takes the winner's. A temporary file has mode 0600 from the start.
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(base64.urlsafe_b64encode(os.urandom(KEY_BYTES)))
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return
