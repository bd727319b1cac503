"""The query part of a database URL: every parameter that people paste is translated, dropped or refused.

No message here shows a value. Nothing is raised inside an `except` block, so no exception carries another
one whose text could show the password.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

TlsMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]


class DatabaseUrlError(ValueError):
    """One clear line, never with the password, for a start-up error."""


def fault(reason: str) -> DatabaseUrlError:
    """The error for a reason that does not repeat the address."""
    return DatabaseUrlError(f"DATABASE_URL: {reason}")


@dataclass(frozen=True, slots=True)
class Tls:
    """What to demand of the server's certificate; `ca_file=None` means the system's authorities."""

    mode: TlsMode
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


def decoded(text: str, what: str) -> str:
    """Percent-decode. A '+' stays a '+', as in libpq: passwords contain it."""
    value = unquote(text, errors="surrogateescape")
    if re.search("[\0\ud800-\udfff]", value):
        raise fault(f"the {what} is not UTF-8 text")
    return value


# A spelling of TLS allows a span of modes, weakest to strongest. So `sslmode=require` with
# `sslaccept=strict` is verify-full, and only spellings without a common mode contradict each other.
Span = tuple[int, int]
_MODES: tuple[TlsMode, ...] = ("disable", "prefer", "require", "verify-ca", "verify-full")
_OFF, _TRY, _BLIND, _CA, _FULL = ((level, level) for level in range(5))
_ON, _WITH_CERT, _WITH_CA = (2, 4), (1, 4), (3, 4)
_UNVERIFIED, _ANY_NAME = (0, 2), (0, 3)


@dataclass(slots=True)
class Parameters:
    """What the parameters say, with the driver's names for the keys of `connect_args`."""

    connect_args: dict[str, Any] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict)
    claims: list[tuple[str, Span]] = field(default_factory=list)
    statement_cache: bool = True

    def tls(self, *, on_socket: bool) -> Tls:
        """The weakest mode that every spelling allows; without any, prefer (nothing on a socket)."""
        low = max((span[0] for _, span in self.claims), default=0)
        high = min((span[1] for _, span in self.claims), default=4)
        if low > high:
            names = ", ".join(name for name, _ in self.claims)
            raise fault(f"the TLS parameters contradict each other: {names}")
        if "key_file" in self.files and "cert_file" not in self.files:
            raise fault("a TLS key needs its certificate as well")
        if on_socket and (low > 1 or self.files):
            raise fault("a Unix socket carries no TLS: leave the TLS parameters out")
        mode = _MODES[0 if on_socket else max(low, min(high, 1))]
        if "direct_tls" in self.connect_args and mode in ("disable", "prefer"):
            raise fault("sslnegotiation=direct needs sslmode=require or stronger")
        return Tls(mode, **self.files)


Rule = Callable[[Parameters, str, str], None]  # takes the parameter's name and its decoded value


def read(query: str, rules: Mapping[str, Rule | None], family: str) -> Parameters:
    """Apply the rule of each parameter; `None` drops it. Letter case and '-' for '_' do not matter."""
    found, seen = Parameters(), set[str]()
    for piece in filter(None, query.split("&")):
        name, equals, value = piece.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][\w-]{0,49}", name, re.ASCII):
            raise fault("the part after '?' must read name=value&name=value")
        key = name.lower().replace("-", "_")
        if key not in rules:
            raise fault(f"unknown parameter {name} for {family}")
        if key in seen:
            raise fault(f"{name} is given twice")
        seen.add(key)
        if rule := rules[key]:
            if not value:
                raise fault(f"{name} needs a value")
            rule(found, name, decoded(value, f"value of {name}"))
    return found


def _word(value: str) -> str:
    return re.sub(r"\s", "", value).lower().replace("_", "-")


def _refusal(name: str, words: Iterable[str]) -> DatabaseUrlError:
    return fault(f"{name} must be one of: {', '.join(words)}")


def _tls(words: Mapping[str, Span]) -> Rule:
    def rule(found: Parameters, name: str, value: str) -> None:
        if _word(value) not in words:
            raise _refusal(name, words)
        found.claims.append((name, words[_word(value)]))

    return rule


def _tls_file(kind: str, span: Span) -> Rule:
    def rule(found: Parameters, name: str, value: str) -> None:
        found.files[kind] = value
        found.claims.append((name, span))

    return rule


def _root_certificate(found: Parameters, name: str, value: str) -> None:
    # As in libpq, the system's authorities are of use only together with the host's name.
    if value == "system":
        found.claims.append((name, _FULL))
    else:
        _tls_file("ca_file", _WITH_CA)(found, name, value)


def _only(*words: str) -> Rule:
    """The parameter may say only what holds anyway."""

    def rule(found: Parameters, name: str, value: str) -> None:  # noqa: ARG001
        if _word(value) not in words:
            raise _refusal(name, words)

    return rule


def _seconds(key: str, *, zero: bool = True) -> Rule:
    """`zero`: may 0 be given, and then means what leaving the parameter out means?"""

    def rule(found: Parameters, name: str, value: str) -> None:
        seconds = float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) else -1.0
        if seconds < 0 or (seconds == 0 and not zero):
            raise fault(f"{name} must be a number of seconds above 0")
        if seconds:
            found.connect_args[key] = seconds

    return rule


def _address(key: str) -> Rule:
    def rule(found: Parameters, name: str, value: str) -> None:  # noqa: ARG001
        found.address[key] = value

    return rule


def _socket(found: Parameters, name: str, value: str) -> None:
    if not value.startswith("/"):
        raise fault(f"{name} must be an absolute path")
    found.address["host"] = value


def _setting(key: str) -> Rule:
    def rule(found: Parameters, name: str, value: str) -> None:
        settings = found.connect_args.setdefault("server_settings", {})
        if key in settings:
            raise fault(f"{name} gives {key} twice")
        settings[key] = value

    return rule


def _schema(found: Parameters, name: str, value: str) -> None:
    # One name, not a list: without quotes PostgreSQL would fold its letter case or split it.
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", value)
    _setting("search_path")(found, name, value if plain else '"' + value.replace('"', '""') + '"')


def _session(found: Parameters, name: str, value: str) -> None:
    words = ("any", "primary", "standby", "prefer-standby", "read-write", "read-only")
    if _word(value) not in words:
        raise _refusal(name, words)
    if _word(value) != "any":
        found.connect_args["target_session_attrs"] = _word(value)


def _negotiation(found: Parameters, name: str, value: str) -> None:
    _only("postgres", "direct")(found, name, value)
    if _word(value) == "direct":
        found.connect_args["direct_tls"] = True


def _pgbouncer(found: Parameters, name: str, value: str) -> None:
    if _word(value) not in (*_YES, *_NO):
        raise _refusal(name, (*_YES, *_NO))
    found.statement_cache &= _word(value) in _NO


def _cache_size(found: Parameters, name: str, value: str) -> None:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise fault(f"{name} must be a whole number")
    found.statement_cache &= int(value) != 0


def _sqlite_mode(found: Parameters, name: str, value: str) -> None:
    if _word(value) == "memory":
        raise fault("mode=memory would keep nothing: name a file")
    _only("rw", "rwc")(found, name, value)


_YES, _NO = ("true", "1", "on", "yes"), ("false", "0", "off", "no")


def _switch(yes: Span, no: Span) -> dict[str, Span]:
    return {**dict.fromkeys(_YES, yes), **dict.fromkeys(_NO, no)}


_LIBPQ_MODES = {
    "disable": _OFF,
    "allow": _TRY,
    "prefer": _TRY,
    "require": _ON,
    "verify-ca": _CA,
    "verify-full": _FULL,
}
_MYSQL_MODES = {
    "disabled": _OFF,
    "preferred": _TRY,
    "required": _ON,
    "verify-identity": _FULL,
    **_LIBPQ_MODES,
}
_ACCEPT = {"strict": _FULL, "accept-invalid-certs": _BLIND}
_JSON = {'{"rejectunauthorized":true}': _FULL, '{"rejectunauthorized":false}': _BLIND}
_GO = {"true": _FULL, "skip-verify": _BLIND, "preferred": _TRY, "false": _OFF}

SQLITE: dict[str, Rule | None] = {
    "timeout": _seconds("timeout", zero=False),
    "check_same_thread": None,
    "mode": _sqlite_mode,
    "cache": _only("private"),
}
POSTGRESQL: dict[str, Rule | None] = {
    "sslmode": _tls(_LIBPQ_MODES),
    "ssl": _tls({**_LIBPQ_MODES, **_switch(_ON, _OFF)}),
    "sslaccept": _tls(_ACCEPT),
    "sslrootcert": _root_certificate,
    "sslcert": _tls_file("cert_file", _WITH_CERT),
    "sslkey": _tls_file("key_file", _WITH_CERT),
    "sslnegotiation": _negotiation,
    "connect_timeout": _seconds("timeout"),
    "command_timeout": _seconds("command_timeout"),
    "application_name": _setting("application_name"),
    "options": _setting("options"),
    "search_path": _setting("search_path"),
    "schema": _schema,
    "target_session_attrs": _session,
    "pgbouncer": _pgbouncer,
    "statement_cache_size": _cache_size,
    "prepared_statement_cache_size": _cache_size,
    "client_encoding": _only("utf8", "utf-8"),
    "gssencmode": _only("disable", "prefer"),
    **{key: _address(key) for key in ("host", "port", "user", "password", "dbname")},
    **dict.fromkeys(("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")),
    **dict.fromkeys(("channel_binding", "tcp_user_timeout", "connection_limit", "pool_timeout", "supa")),
    **dict.fromkeys(("workaround", "uselibpqcompat", "async_fallback")),
}
MYSQL: dict[str, Rule | None] = {
    "ssl_mode": _tls(_MYSQL_MODES),
    "sslmode": _tls(_MYSQL_MODES),
    "ssl": _tls({**_switch(_ON, _OFF), **_JSON}),
    "usessl": _tls(_switch(_ON, _OFF)),
    "tls": _tls(_GO),
    "sslaccept": _tls(_ACCEPT),
    "ssl_disabled": _tls(_switch(_OFF, _WITH_CERT)),
    "ssl_verify_cert": _tls(_switch(_WITH_CA, _UNVERIFIED)),
    "ssl_verify_identity": _tls(_switch(_FULL, _ANY_NAME)),
    "ssl_ca": _tls_file("ca_file", _WITH_CA),
    "ssl_cert": _tls_file("cert_file", _WITH_CERT),
    "ssl_key": _tls_file("key_file", _WITH_CERT),
    "connect_timeout": _seconds("connect_timeout"),
    "unix_socket": _socket,
    "charset": _only("utf8mb4", "utf8", "utf8mb3"),
    "local_infile": _only(*_NO),
    **dict.fromkeys(("use_unicode", "binary_prefix", "connection_limit", "pool_timeout")),
    **dict.fromkeys(("allowpublickeyretrieval", "servertimezone")),
}
