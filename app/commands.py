"""What each command of `todo` does. Raises CommandError, or another error in one line, for what cannot be done."""

import argparse
import asyncio
import getpass
import json
import signal
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.config.logging import configure_logging
from app.config.settings import Settings, SettingsError, load_settings
from app.config.tracing import require_tracing
from app.database import schema
from app.database.faults import explain
from app.database.session import Database
from app.database.urls import DatabaseUrlError, Target, parse
from app.replication.situation import replica_of, situation_of
from app.replication.store import Store

if TYPE_CHECKING:
    from app.replication.histories import Histories


class CommandError(Exception):
    """What could not be done, in one line."""


def serve(options: argparse.Namespace) -> int | None:
    """Start the server, on the newest schema; the exit code."""
    # Process 1 of a container is deaf to what it has no handler for, also while it migrates; and uvicorn raises
    # the signal once more when it has stopped. Either is a clean end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    given = {name: getattr(options, name) for name in ("host", "port", "workers")}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    target = _target(settings)
    configure_logging(settings.log_level)
    require_tracing(settings)
    situation = situation_of(settings, target)
    place = replica_of(settings, target)
    if place is None:  # a replicated file must be restored first
        _upgrade(target) if target.backend == "sqlite" else _require_head(target)
    from app.serve import ListenError, listening, serve, serve_guarded, tell
    from app.services.keys import load_keyring

    load_keyring(settings, target)  # here, so that a wrong one is one line and workers find the file made
    try:
        with listening(settings.host, settings.port) as listener:
            tell(settings, situation, place, listener)
            return serve(settings, listener) if place is None else serve_guarded(settings, target, place, listener)
    except ListenError as error:
        raise CommandError(str(error)) from None


def migrate(_options: argparse.Namespace) -> None:
    """Bring the database to the newest schema."""
    settings = load_settings()
    target = _target(settings)
    if replica_of(settings, target) is not None:
        raise CommandError("a replicated file is brought to the newest schema by `todo serve`, once it is restored")
    before = _revision(target)
    _upgrade(target)
    print(f"{target}: schema {before or 'none'} → {schema.head()}")


def check(_options: argparse.Namespace) -> int:
    """Say what would be used, and whether it can be."""
    from app.services.keys import load_keyring

    settings = load_settings()
    target = _target(settings)
    load_keyring(settings, target)
    origin = "JWT_SECRET" if settings.jwt_secret else "the file beside the database"
    print(f"environment  {settings.environment}{' (Space)' if settings.is_space else ''}")
    print(f"database     {target} ({target.backend}, TLS {target.tls.mode})")
    print(f"listens on   {settings.host}:{settings.port}, {settings.workers} worker(s)")
    print(f"web clients  {', '.join(settings.cors_origins) or 'none'}")
    print(f"signing key  from {origin}")
    situation, place = situation_of(settings, target), replica_of(settings, target)
    print(f"data         {situation}{f', replica at {place}' if place else ''}: {situation.sentence}")
    if place is not None:
        asyncio.run(Store(place, settings).probe())
        if not _is_here(target):
            print("schema       of the newest state in the replica, which `todo serve` brings here first")
            return 0
    revision = _revision(target)
    print(f"schema       {revision or 'none'}, wanted {schema.head()}")
    # An SQLite file is brought there by `serve`, unless it comes from a newer version.
    if revision == schema.head() or (target.backend == "sqlite" and schema.is_known(revision)):
        return 0
    raise CommandError(schema.remedy(revision))


def instant(text: str) -> datetime:
    """An instant with its offset; the error that argparse shows for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError("must be an instant with its offset, as 2026-11-30T09:00:00Z")
    return found


def backup(options: argparse.Namespace) -> None:
    """Copy the SQLite file."""
    from app.database.dialects.sqlite import copy

    target = _target(load_settings())
    if target.path is None:
        raise CommandError(f"{target} is a server: its own tools make backups of it")
    if not target.path.exists():
        raise CommandError(f"{target.path} is not there")
    try:
        copy(target.path, options.file)
    except FileExistsError:
        raise CommandError(f"{options.file} is there already") from None
    except Exception as error:  # noqa: BLE001 (the driver's and the system's; each becomes one line)
        raise CommandError(f"cannot copy {target.path} to {options.file}: {explain(error)}") from None
    print(f"{target.path} → {options.file}")


def restore(options: argparse.Namespace) -> None:
    """Bring the SQLite file back from the replica."""
    histories = _histories()
    source = asyncio.run(histories.bring_back(options.at, options.output))
    print(f"restored from generation {source.name}")


def replicas(_options: argparse.Namespace) -> None:
    """List the histories in the replica."""
    for generation, state in asyncio.run(_histories().all()):
        last = generation.stopped_at or generation.beat_at
        at = "-" if generation.ready_at is None else f"{generation.ready_at:%Y-%m-%dT%H:%M:%SZ}"
        print(f"{generation.name}  {state:<9}  from {at}  to {last:%Y-%m-%dT%H:%M:%SZ}")


def _histories() -> "Histories":
    from app.replication.histories import Histories
    from app.services.clock import system_clock

    settings = load_settings()
    target = _target(settings)
    situation_of(settings, target)
    place = replica_of(settings, target)
    if place is None:
        raise CommandError("REPLICA_URL: is not set: there is no replica")
    return Histories(settings, target, place, system_clock)


def openapi(options: argparse.Namespace) -> None:
    """Print or write the OpenAPI document."""
    from app.main import create_app

    # A server's URL: nothing connects to it, while an SQLite file would be made.
    # Nor does anything of the environment but what the document says.
    needed = {
        "jwt_secret": "the document needs no secret and no database",
        "database_url": "postgresql://localhost/none",
    }
    app = create_app(load_settings(**needed, replica_url=None, otel_sdk_disabled=True))
    text = json.dumps(app.openapi(), indent=2, ensure_ascii=False)
    if options.output is None:
        print(text, flush=True)  # here, where a reader who has seen enough is no error
        return
    try:
        options.output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {options.output}: {error.strerror}") from None


def create_user(options: argparse.Namespace) -> None:
    """Make an account, and print its id and address."""
    from pydantic import ValidationError

    from app.schemas.user import Registration

    settings = load_settings()
    target = _target(settings)
    if replica_of(settings, target) is not None and not _is_here(target):
        raise CommandError(f"{target.path} is not there: `todo serve` brings it from the replica first")
    _require_head(target)
    password = _password(options)
    try:
        data = Registration.model_validate({"email": options.email, "password": password, "name": options.name})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise CommandError(f"{first['loc'][0]}: {first['msg']}") from None
    print(asyncio.run(_register(settings, data)))


def _password(options: argparse.Namespace) -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n") if options.password_stdin else getpass.getpass("Password: ")
    except (EOFError, UnicodeDecodeError):
        raise CommandError("password: none could be read; use --password-stdin where there is no terminal") from None


async def _register(settings: Settings, data: Any) -> str:
    from app.services.errors import EmailTakenError, InvalidError
    from app.services.runtime import Runtime, Work
    from app.services.user import create_user

    runtime = Runtime.start(settings)
    try:
        async with runtime.database.writing() as session:
            user = await create_user(Work(session, runtime), data)
        return f"{user.id} {user.email}"
    except EmailTakenError:
        raise CommandError("email: an account has it already") from None
    except InvalidError as error:
        raise CommandError(f"password: {error.faults[0].detail}") from None
    except Exception as error:  # noqa: BLE001 (every driver has its own classes; each becomes one line)
        raise CommandError(f"cannot use {runtime.database.target}: {explain(error)}") from None
    finally:
        await runtime.stop()


def _target(settings: Settings) -> Target:
    return parse(settings.database_url.get_secret_value())


def _is_here(target: Target) -> bool:
    return target.path is not None and target.path.exists()


def _upgrade(target: Target) -> None:
    try:
        schema.upgrade(target)
    except (SettingsError, DatabaseUrlError, schema.SchemaError):
        raise
    except Exception as error:  # noqa: BLE001 (every driver has its own classes; each becomes one line)
        raise CommandError(f"cannot prepare {target}: {explain(error)}") from None


def _revision(target: Target) -> str | None:
    async def read() -> str | None:
        database = Database(target)
        try:
            return await schema.current(database.reader)
        finally:
            await database.dispose()

    try:
        return asyncio.run(read())
    except DatabaseUrlError:
        raise
    except Exception as error:  # noqa: BLE001 (every driver has its own classes; each becomes one line)
        raise CommandError(f"cannot use {target}: {explain(error)}") from None


def _require_head(target: Target) -> None:
    revision = _revision(target)
    if revision != schema.head():
        raise CommandError(schema.remedy(revision))
