"""The command `todo`. Exit codes: 0 done, 1 it could not be done (one line says why), 2 wrong usage."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app import commands
from app.config.settings import SettingsError
from app.database.schema import SchemaError
from app.database.urls import DatabaseUrlError
from app.replication.errors import ReplicationError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int | None] = options.run
    try:
        return run(options) or 0
    except (commands.CommandError, SettingsError, DatabaseUrlError, ReplicationError, SchemaError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("todo", description="The todo backend.")
    known = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = known.add_parser("serve", help="start the server; brings an SQLite file to the newest schema first")
    serve.add_argument("--host", help="address to listen on (setting HOST)")
    serve.add_argument("--port", type=int, help="port to listen on (setting PORT)")
    serve.add_argument("--workers", type=int, help="server processes (setting WORKERS)")
    serve.set_defaults(run=commands.serve)

    migrate = known.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(run=commands.migrate)

    check = known.add_parser("check", help="read the settings, connect, and say what would be used")
    check.set_defaults(run=commands.check)

    backup = known.add_parser("backup", help="copy the SQLite file, while the server runs too")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=commands.backup)

    restore = known.add_parser("restore", help="bring the SQLite file back from the replica")
    restore.add_argument("--at", type=commands.instant, metavar="TIME", help="as it was then, as 2026-11-30T09:00:00Z")
    restore.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    restore.set_defaults(run=commands.restore)

    replicas = known.add_parser("replicas", help="list what is in the replica")
    replicas.set_defaults(run=commands.replicas)

    openapi = known.add_parser("openapi", help="print the OpenAPI document")
    openapi.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    openapi.set_defaults(run=commands.openapi)

    user = known.add_parser("user", help="accounts").add_subparsers(required=True, metavar="COMMAND")
    create = user.add_parser("create", help="make an account; asks for the password")
    create.add_argument("email")
    create.add_argument("--name")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.set_defaults(run=commands.create_user)
    return parser


if __name__ == "__main__":
    sys.exit(main())
