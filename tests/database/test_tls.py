"""TLS towards real servers: what each mode accepts, and what it must refuse.

The servers are our own, with certificates for `localhost` alone; they let nobody in without TLS.
"""

import asyncio
import ssl
from typing import Final

import pytest

from app.database.faults import Fault, classify, explain
from app.database.urls import Backend, DatabaseUrlError
from tests.database.asking import ask
from tests.database.private import FOREIGN_PASSWORD, PASSWORD, PrivateServer
from tests.support.faulty import clear_text_server

MODES: Final = ("require", "verify-ca", "verify-full")

# The parameters' names: mode, authorities, certificate and key.
NAMES: Final[dict[Backend, tuple[str, str, str, str]]] = {
    "postgresql": ("sslmode", "sslrootcert", "sslcert", "sslkey"),
    "mysql": ("ssl_mode", "ssl_ca", "ssl_cert", "ssl_key"),
}
IS_ENCRYPTED: Final[dict[Backend, str]] = {
    "postgresql": "SELECT CASE WHEN ssl THEN cipher ELSE '' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mysql": "SHOW STATUS LIKE 'Ssl_cipher'",
}
OFFERS_TLS: Final[dict[Backend, str]] = {
    "postgresql": "SELECT CAST(setting = 'on' AS integer) FROM pg_settings WHERE name = 'ssl'",
    "mysql": "SELECT @@have_ssl = 'YES'",
}


def _query(server: PrivateServer, mode: str, trusted: str = "", *, certificate: bool = False) -> str:
    mode_name, ca_name, certificate_name, key_name = NAMES[server.backend]
    query = f"{mode_name}={mode}"
    if trusted:
        query += f"&{ca_name}={server.authority.file if trusted == 'authority' else server.stranger.file}"
    if certificate:
        query += f"&{certificate_name}={server.client.file}&{key_name}={server.client.key_file}"
    return query


@pytest.mark.parametrize(
    ("mode", "trusted", "host"),
    [
        ("prefer", "", "localhost"),
        ("require", "", "localhost"),
        ("require", "", "127.0.0.1"),
        ("require", "authority", "localhost"),
        ("verify-ca", "authority", "localhost"),
        ("verify-ca", "authority", "127.0.0.1"),
        ("verify-full", "authority", "localhost"),
    ],
)
async def test_it_connects_and_encrypts(private: PrivateServer, mode: str, trusted: str, host: str) -> None:
    url = private.url(_query(private, mode, trusted), host=host)
    assert await ask(url, IS_ENCRYPTED[private.backend])


@pytest.mark.parametrize(
    ("mode", "trusted", "host", "reason"),
    [
        pytest.param("verify-ca", "", "localhost", "self-signed certificate", id="ca-unknown-to-the-system"),
        pytest.param("verify-full", "", "localhost", "self-signed certificate", id="full-unknown-to-the-system"),
        pytest.param("require", "stranger", "localhost", "self-signed certificate", id="require-wrong-ca"),
        pytest.param("verify-ca", "stranger", "localhost", "self-signed certificate", id="ca-wrong-ca"),
        pytest.param("verify-full", "stranger", "localhost", "self-signed certificate", id="full-wrong-ca"),
        pytest.param("verify-full", "authority", "127.0.0.1", "not valid for '127.0.0.1'", id="full-wrong-host"),
    ],
)
async def test_a_wrong_certificate_is_refused(
    private: PrivateServer, mode: str, trusted: str, host: str, reason: str
) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        await ask(private.url(_query(private, mode, trusted), host=host), "SELECT 1")
    assert classify(caught.value) is Fault.UNAVAILABLE
    assert reason in _certificate_fault(caught.value).verify_message


@pytest.mark.parametrize("trusted", ["", "stranger"])
async def test_a_refused_certificate_is_what_the_operator_reads(private: PrivateServer, trusted: str) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        await ask(private.url(_query(private, "verify-full", trusted)), "SELECT 1")
    assert "certificate verify failed" in explain(caught.value)


def _certificate_fault(error: BaseException | None) -> ssl.SSLCertVerificationError:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    raise AssertionError("it was not refused for its certificate")


async def test_without_tls_this_server_lets_nobody_in(private: PrivateServer) -> None:
    """The other tests would prove nothing if it did."""
    with pytest.raises(Exception, match=r"no encryption|Access denied"):
        await ask(private.url(_query(private, "disable")), "SELECT 1")


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_signs_in_by_its_certificate(private: PrivateServer, mode: str) -> None:
    query = _query(private, mode, "authority", certificate=True)
    assert await ask(private.url(query, user="holder", password=""), IS_ENCRYPTED[private.backend])


async def test_who_brings_a_certificate_uses_it_without_a_mode_too(private: PrivateServer) -> None:
    query = _query(private, "prefer", certificate=True)
    assert await ask(private.url(query, user="holder", password=""), IS_ENCRYPTED[private.backend])


async def test_without_its_certificate_a_client_stays_out(private: PrivateServer) -> None:
    query = _query(private, "verify-full", "authority")
    with pytest.raises(Exception, match=r"client certificate|Access denied"):
        await ask(private.url(query, user="holder", password=""), "SELECT 1")


async def test_a_password_of_any_script_signs_in(private: PrivateServer) -> None:
    url = private.url(_query(private, "require"), user="foreigner", password=FOREIGN_PASSWORD)
    assert await ask(url, "SELECT 1") == 1


@pytest.mark.parametrize("kind", ["missing", "no-certificate", "wrong-key"])
async def test_a_tls_file_that_is_no_good_is_said_in_a_line(private: PrivateServer, kind: str) -> None:
    mode_name, ca_name, certificate_name, key_name = NAMES[private.backend]
    query = {
        "missing": f"{ca_name}=/no/such/file.pem",
        "no-certificate": f"{ca_name}={private.client.key_file}",
        "wrong-key": f"{certificate_name}={private.authority.file}&{key_name}={private.client.key_file}",
    }[kind]
    with pytest.raises(DatabaseUrlError, match=r"^DATABASE_URL: a TLS file that it names cannot be used: .+$"):
        await ask(private.url(f"{mode_name}=verify-ca&{query}"), "SELECT 1")


@pytest.mark.backends("postgresql", "mysql")  # a file has no TLS
@pytest.mark.parametrize("mode", MODES)
async def test_a_server_without_tls_is_refused(backend: Backend, database_url: str, mode: str) -> None:
    if await ask(database_url, OFFERS_TLS[backend]):
        pytest.skip(f"NOT RUN, {backend}: the server under test offers TLS; the next test plays one that does not")
    with pytest.raises((DatabaseUrlError, ConnectionError), match=r"TLS is required|rejected SSL upgrade"):
        await ask(f"{database_url}?{NAMES[backend][0]}={mode}", "SELECT 1")


@pytest.mark.backends("postgresql", "mysql")  # a file has no TLS
async def test_prefer_takes_what_there_is(backend: Backend, database_url: str) -> None:
    offered = bool(await ask(database_url, OFFERS_TLS[backend]))
    encrypted = await ask(f"{database_url}?{NAMES[backend][0]}=prefer", IS_ENCRYPTED[backend])
    assert bool(encrypted) is offered


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_the_password_is_never_said_in_the_clear(kind: Backend, mode: str) -> None:
    """Somebody in between who takes TLS away and asks for the password learns nothing but the user's name."""
    async with clear_text_server(kind) as server:
        url = f"{kind}://todo:{PASSWORD}@127.0.0.1:{server.port}/todo?{NAMES[kind][0]}={mode}"
        attempt = asyncio.create_task(ask(url, "SELECT 1"))
        await asyncio.wait({attempt}, timeout=10)
        assert attempt.done()
        assert attempt.exception() is not None
    assert PASSWORD.encode() not in server.words
