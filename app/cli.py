"""The command `todo`. Exit codes: 0 done, 1 it could not be done (one line says why), 2 wrong usage."""

import argparse
import asyncio
import getpass
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.config.logging import configure_logging
from app.config.settings import Settings, SettingsError, load_settings
from app.config.tracing import require_tracing
from app.database import schema
from app.database.faults import explain
from app.database.session import Database
from app.database.urls import DatabaseUrlError, Target, parse
from app.replication.errors import ReplicationError
from app.replication.situation import replica_of, situation_of

if TYPE_CHECKING:
    from app.replication.histories import Histories

log = logging.getLogger("app.cli")  # by its name when run as a script too


class CommandError(Exception):
    """What could not be done, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int | None] = options.run
    try:
        return run(options) or 0
    except (CommandError, SettingsError, DatabaseUrlError, ReplicationError, schema.SchemaError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("todo", description="The todo backend.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the server; brings an SQLite file to the newest schema first")
    serve.add_argument("--host", help="address to listen on (setting HOST)")
    serve.add_argument("--port", type=int, help="port to listen on (setting PORT)")
    serve.add_argument("--workers", type=int, help="server processes (setting WORKERS)")
    serve.set_defaults(run=_serve)

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(run=_migrate)

    check = commands.add_parser("check", help="read the settings, connect, and say what would be used")
    check.set_defaults(run=_check)

    backup = commands.add_parser("backup", help="copy the SQLite file, while the server runs too")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_backup)

    restore = commands.add_parser("restore", help="bring the SQLite file back from the replica")
    restore.add_argument("--at", type=_instant, metavar="TIME", help="as it was then, as 2026-11-30T09:00:00Z")
    restore.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    restore.set_defaults(run=_restore)

    replicas = commands.add_parser("replicas", help="list what is in the replica")
    replicas.set_defaults(run=_replicas)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    openapi.set_defaults(run=_openapi)

    user = commands.add_parser("user", help="accounts").add_subparsers(required=True, metavar="COMMAND")
    create = user.add_parser("create", help="make an account; asks for the password")
    create.add_argument("email")
    create.add_argument("--name")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.set_defaults(run=_create_user)
    return parser


def _serve(options: argparse.Namespace) -> int | None:
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


def _migrate(_options: argparse.Namespace) -> None:
    settings = load_settings()
    target = _target(settings)
    if replica_of(settings, target) is not None:
        raise CommandError("a replicated file is brought to the newest schema by `todo serve`, once it is restored")
    before = _revision(target)
    _upgrade(target)
    print(f"{target}: schema {before or 'none'} → {schema.head()}")


def _check(_options: argparse.Namespace) -> int:
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
    revision = _revision(target)
    print(f"schema       {revision or 'none'}, wanted {schema.head()}")
    # An SQLite file is brought there by `serve`, unless it comes from a newer version.
    if revision == schema.head() or (target.backend == "sqlite" and schema.is_known(revision)):
        return 0
    raise CommandError(schema.remedy(revision))


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError("must be an instant with its offset, as 2026-11-30T09:00:00Z")
    return found


def _backup(options: argparse.Namespace) -> None:
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


def _restore(options: argparse.Namespace) -> None:
    histories = _histories()
    source = asyncio.run(histories.bring_back(options.at, options.output))
    print(f"restored from generation {source.name}")


def _replicas(_options: argparse.Namespace) -> None:
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


def _openapi(options: argparse.Namespace) -> None:
    from app.main import create_app

    # A server's URL: nothing connects to it, while an SQLite file would be made.
    placeholder = "the document needs no secret and no database"
    settings = load_settings(jwt_secret=placeholder, database_url="postgresql://localhost/none", otel_sdk_disabled=True)
    text = json.dumps(create_app(settings).openapi(), indent=2, ensure_ascii=False)
    if options.output is None:
        print(text)
        return
    try:
        options.output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {options.output}: {error.strerror}") from None


def _create_user(options: argparse.Namespace) -> None:
    from pydantic import ValidationError

    from app.schemas.user import Registration

    settings = load_settings()
    _require_head(_target(settings))
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


if __name__ == "__main__":
    sys.exit(main())
