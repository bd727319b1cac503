"""Cursors: opaque to the client, sealed against tampering, good for one user and one order."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic_core import from_json, to_json

from app.services.errors import FieldFault, InvalidError
from app.services.keys import Keyring
from app.services.task_list import Key

_SEAL_BYTES: Final = 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAULT: Final = FieldFault("query/cursor", "bad_cursor", "is not a cursor of this list; start again without one")


def encode(keyring: Keyring, user_id: UUID, sort: str, key: Key) -> str:
    """The cursor that continues behind a key."""
    value = {"at": (key.value - _EPOCH) // timedelta(microseconds=1)} if isinstance(key.value, datetime) else key.value
    body = to_json([sort, value, key.id.hex])
    return _text(keyring.seal("cursor", user_id.bytes + body) + body)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(keyring: Keyring, user_id: UUID, sort: str, cursor: str) -> Key:
    """The key in a cursor; raises InvalidError for one that is forged, another user's or of another order."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(_FAULT) from None
    if _text(data) != cursor:  # the decoder is lenient: one cursor has one spelling
        raise InvalidError(_FAULT)
    seal, body = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
    if not keyring.is_sealed(seal, "cursor", user_id.bytes + body):
        raise InvalidError(_FAULT)
    made_for, value, identity = from_json(body)
    if made_for != sort:
        raise InvalidError(_FAULT)
    if isinstance(value, dict):
        value = _EPOCH + timedelta(microseconds=value["at"])
    return Key(value, UUID(identity))


def next_link(request: Request, cursor: str) -> str:
    """A Link header's value (RFC 8288): relative, so that no proxy in between can make it wrong."""
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<{request.scope["path"]}?{urlencode([*parameters, ("cursor", cursor)])}>; rel="next"'
