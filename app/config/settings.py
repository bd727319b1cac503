"""Every environment variable the service reads, in one frozen class."""

import json
import os
import re
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MINIMUM_SECRET_BYTES = 32
_PLACES = {"database_url": "an SQLite file in ./data", "replica_url": "no replica"}
Environment = Literal["development", "production"]
LogLevel = Literal["debug", "info", "warning", "error"]
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_TOKEN = re.compile(r"[!-~]{16,}")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s@]*)?")


class SettingsError(ValueError):
    """A wrong setting: one line that names the variable and where to set it, never its value."""


class Settings(BaseSettings):
    """Read once at start, from the environment and then from `.env` in the working folder."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    environment: Environment = Field("development", description="`production` demands `JWT_SECRET`")
    database_url: SecretStr = Field(
        SecretStr("sqlite:///data/todo.db"),
        description="where the data lives; SQLite, PostgreSQL, MySQL or MariaDB, in any usual spelling",
    )
    jwt_secret: SecretStr | None = Field(
        None, description="signs the access tokens; at least 32 bytes; made once beside the SQLite file if unset"
    )
    access_token_minutes: int = Field(15, ge=1, le=1440, description="how long an access token is good")
    session_days: int = Field(90, ge=1, le=3650, description="how long a login lasts at most")
    password_min_length: int = Field(8, ge=8, le=64, description="shortest password accepted at registration")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://localhost:3000", "http://localhost:5173"),
        description="origins of web clients, by commas or a JSON list; `[]` for none; `*` for any, without credentials",
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="addresses or networks of the proxies whose `X-Forwarded-*` count, by commas or a JSON list",
    )
    workers: int = Field(1, ge=1, le=64, description="server processes")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="largest request body, in bytes")
    db_pool_size: int = Field(10, ge=1, le=200, description="database connections a worker keeps")
    db_pool_timeout: float = Field(2.0, gt=0, le=60, description="seconds to wait for one before answering 503")
    db_connect_timeout: float = Field(5.0, gt=0, le=60, description="seconds to wait for the database to accept one")
    sqlite_fast: bool = Field(
        True, description="short SQLite statements run on the event loop; `0` sends every one to a thread"
    )
    replica_url: str | None = Field(
        None,
        description="where the SQLite file is replicated to: a folder, or `s3://bucket/prefix?endpoint=…&region=…`",
    )
    aws_access_key_id: SecretStr | None = Field(None, description="for a replica in a bucket")
    aws_secret_access_key: SecretStr | None = Field(None, description="for a replica in a bucket")
    durable_writes: bool = Field(True, description="answer a write only once it is in the replica; `0` answers sooner")
    replica_timeout: float = Field(5.0, ge=0.1, le=60, description="seconds after which a replica counts as stalled")
    replica_delay: float | None = Field(
        None,
        ge=0,
        le=120,
        description="seconds that a file in the replica may show late; 10 for a folder on a Space, else 0",
    )
    replica_elder: float = Field(
        10.0,
        ge=1,
        le=300,
        description="seconds of silence, on top of that, after which an older instance counts as dead",
    )
    replica_keep_hours: float = Field(24.0, ge=0, le=8760, description="hours that a replaced history is kept")
    metrics_token: SecretStr | None = Field(
        None, description="opens `/metrics` to who sends it; at least 16 characters; without it nothing is measured"
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="an OpenTelemetry collector to send traces to, as `http://127.0.0.1:4318`"
    )
    otel_exporter_otlp_traces_endpoint: str | None = Field(
        None, description="the same in full, as `http://127.0.0.1:4318/v1/traces`"
    )
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = Field(
        "http/protobuf", description="the one way in which traces are sent"
    )
    otel_sdk_disabled: bool = Field(False, description="`true` sends no traces whatever else is set")
    log_level: LogLevel = Field("info", description="`debug`, `info`, `warning` or `error`")
    commit_sha: str = Field("unknown", max_length=64, description="what `/version` reports; set when an image is built")
    repository_url: str | None = Field(None, description="where the code is, for the link on the page at `/`")
    space_id: str | None = Field(None, description="set by Hugging Face on a Space, where `JWT_SECRET` must be set")
    space_host: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="set by Hugging Face on a Space; the first of them is the server in the OpenAPI document"
    )

    @field_validator("cors_origins", "trusted_proxies", "space_host", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(str(item).strip() for item in (_listed(value) if isinstance(value, str) else value))

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        value = tuple(map(_as_browsers_send, value))
        for origin in value:
            if origin != "*" and not _is_origin(origin):
                raise ValueError("each must be `*` or scheme://host[:port], as in https://app.example")
        if "*" in value and len(value) > 1:
            raise ValueError("`*` stands alone: name the origins or allow any")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_network, value))

    @field_validator("space_host")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_HOST.fullmatch, value)):
            raise ValueError("each must be a host name, as in somebody-todo.hf.space")
        return value

    @field_validator("repository_url", "otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        if value is not None and not _WEB_ADDRESS.fullmatch(value):
            raise ValueError("must be http(s)://host/path, without a user or a password")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("must have at least 16 characters, of ASCII and none of them blank")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"must have at least {MINIMUM_SECRET_BYTES} bytes; {JWT_ADVICE}")
        return value

    @model_validator(mode="after")
    def _require_secret(self) -> Self:
        # Beside a replicated file it would be lost with the disk, and every login with it.
        if self.jwt_secret is None and (self.is_production or self.is_space or self.replica_url):
            raise ValueError(f"JWT_SECRET: is not set; {JWT_ADVICE}")
        return self

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_space(self) -> bool:
        """Whether this runs as a Hugging Face Space, whose disk is wiped at every restart."""
        return self.space_id is not None

    @property
    def traces_endpoint(self) -> str | None:
        """Where traces are sent to, in full; None where nothing is traced."""
        if self.otel_sdk_disabled:
            return None
        base = self.otel_exporter_otlp_endpoint
        return self.otel_exporter_otlp_traces_endpoint or (base and f"{base.removesuffix('/')}/v1/traces")


JWT_ADVICE = (
    "set it in the environment, in .env or among the Space's secrets, for example to the output of "
    "`python -c 'import secrets; print(secrets.token_urlsafe(48))'`"
)


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises SettingsError with one line for the first wrong one."""
    try:
        settings = Settings(**overrides)
        _refuse_empty_places(settings)
        return settings
    except UnicodeDecodeError:
        raise SettingsError(".env: is not UTF-8 text") from None
    except ValidationError as error:
        raise SettingsError(_first_line(error)) from None


def _refuse_empty_places(settings: Settings) -> None:
    """An empty variable is as none at all, but for where the data is: that must never be a slip."""
    given = {name.lower() for source in (dotenv_values(".env"), os.environ) for name in source}
    for name, otherwise in _PLACES.items():
        if name in given and name not in settings.model_fields_set:
            raise SettingsError(f"{name.upper()}: is set and empty; unset it for {otherwise}")


def _first_line(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{str(first['loc'][0]).upper()}: {message}" if first["loc"] else message


def _listed(text: str) -> list[str]:
    """Both spellings of a list: `a,b` and `["a", "b"]`."""
    if text.lstrip().startswith("["):
        try:
            return [str(item) for item in json.loads(text)]
        except ValueError:
            raise ValueError("is neither a JSON list nor separated by commas") from None
    return [part for part in text.split(",") if part.strip()]


def _network(text: str) -> str:
    """An address is a network of one."""
    if text in {"*", "0.0.0.0/0", "::/0"}:
        raise ValueError(
            "must name the proxies: where everybody is trusted, every client chooses the address it is known by"
        )
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("each must be an address or a network, as in 10.0.0.7 or 10.0.0.0/8") from None


def _as_browsers_send(origin: str) -> str:
    """In lower case, without a trailing slash and without the port that goes without saying (RFC 6454, section 6.2)."""
    plain = origin.rstrip("/").lower()
    default_port = {"https": ":443", "http": ":80"}.get(plain.partition("://")[0])
    return plain.removesuffix(default_port) if default_port else plain


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return (
        bool(separator and host)
        and re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) is not None
        and not set(host) & set("/?#@* ")
    )
