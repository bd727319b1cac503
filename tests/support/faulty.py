"""Servers that do wrong: one that says nothing, and ones that want a password without TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from app.database.urls import Backend


@dataclass
class Heard:
    """Where the server listens, and all that it has been told."""

    port: int = 0
    words: bytearray = field(default_factory=bytearray)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Heard], Awaitable[None]]

_PROTOCOL_41, _SECURE, _PLUGIN_AUTH, _WITH_DB = 0x200, 0x8000, 0x8_0000, 0x8
_ABILITIES: Final = (_PROTOCOL_41 | _SECURE | _PLUGIN_AUTH | _WITH_DB).to_bytes(4, "little")
_UTF8MB4: Final = 45
_SALT: Final = bytes(range(1, 21))


@asynccontextmanager
async def _listening(talk: Talk) -> AsyncIterator[Heard]:
    heard = Heard()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer, heard)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    heard.port = server.sockets[0].getsockname()[1]
    try:
        yield heard
    finally:
        server.close()


async def _listen(reader: asyncio.StreamReader, heard: Heard) -> bool:
    """Hear what comes next; False at the end."""
    said = await reader.read(65536)
    heard.words += said
    return bool(said)


async def _say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, heard: Heard) -> None:
    while await _listen(reader, heard):
        pass


async def _mysql_in_the_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
    """The handshake of MySQL's protocol 10 without the ability CLIENT_SSL, then a request for the plain password."""
    greeting = b"\x0a8.0.36\0" + bytes(4) + _SALT[:8] + b"\0" + _ABILITIES[:2] + bytes([_UTF8MB4, 2, 0])
    greeting += _ABILITIES[2:] + bytes([len(_SALT) + 1]) + bytes(10) + _SALT[8:] + b"\0mysql_native_password\0"
    writer.write(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
    if not await _listen(reader, heard):
        return
    switch = b"\xfemysql_clear_password\0\0"
    writer.write(len(switch).to_bytes(3, "little") + b"\2" + switch)
    await _say_nothing(reader, writer, heard)


async def _postgresql_in_the_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
    """No to the request for TLS, then AuthenticationCleartextPassword."""
    if not await _listen(reader, heard):
        return
    writer.write(b"N")
    if not await _listen(reader, heard):
        return
    writer.write(b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big"))
    await _say_nothing(reader, writer, heard)


def silent_server() -> AbstractAsyncContextManager[Heard]:
    """Takes connections and says nothing, as a machine that has stalled."""
    return _listening(_say_nothing)


def clear_text_server(backend: Backend) -> AbstractAsyncContextManager[Heard]:
    """Has no TLS and asks for the password as it is: what somebody in between would play."""
    return _listening(_postgresql_in_the_clear if backend == "postgresql" else _mysql_in_the_clear)
