"""The secret that signs, and what is derived from it."""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from app.config.settings import JWT_ADVICE, MINIMUM_SECRET_BYTES, Settings, SettingsError
from app.database.urls import Target


class Keyring:
    """Keys by their id: the newest signs, all are accepted."""

    def __init__(self, *secrets_: bytes) -> None:
        self._keys = {_key_id(secret): secret for secret in secrets_}
        self.newest = _key_id(secrets_[0])

    def find(self, key_id: str) -> bytes | None:
        """The key with that id."""
        return self._keys.get(key_id)

    def seal(self, purpose: str, data: bytes) -> bytes:
        """16 bytes that only a holder of the newest key can make of the data, for one purpose."""
        return _seal(self._keys[self.newest], purpose, data)

    def is_sealed(self, seal: bytes, purpose: str, data: bytes) -> bool:
        """Whether a seal was made of the data for the purpose by any of the keys."""
        return any(hmac.compare_digest(seal, _seal(key, purpose, data)) for key in self._keys.values())


def _seal(secret: bytes, purpose: str, data: bytes) -> bytes:
    key = hmac.digest(secret, purpose.encode(), "sha256")
    return hmac.digest(key, data, "sha256")[:16]


def _key_id(secret: bytes) -> str:
    return hashlib.blake2b(secret, digest_size=6, person=b"todo key id").hexdigest()


def load_keyring(settings: Settings, target: Target) -> Keyring:
    """The keyring from JWT_SECRET, or from the file beside the SQLite database, made once.

    Raises SettingsError where neither can be had. A Space and production never come to the file: their
    settings demand the variable.
    """
    if settings.jwt_secret is not None:
        return Keyring(settings.jwt_secret.get_secret_value().encode())
    if target.path is None:
        raise SettingsError(
            f"JWT_SECRET: is not set, and only with SQLite is there a folder to keep one in; {JWT_ADVICE}"
        )
    return Keyring(_kept_secret(target.path.with_name(target.path.name + ".jwt-secret")))


def _kept_secret(path: Path) -> bytes:
    try:
        if not path.exists():
            _keep_secret(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"JWT_SECRET: is not set and {path} cannot be used: {error.strerror}") from None
    if len(secret) < MINIMUM_SECRET_BYTES:
        raise SettingsError(f"JWT_SECRET: {path} has under {MINIMUM_SECRET_BYTES} bytes; delete it for a new one")
    return secret


def _keep_secret(path: Path) -> None:
    """Write a new secret whole or not at all; of two processes the first wins and both read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_urlsafe(48).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink()
