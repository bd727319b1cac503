"""PgBouncer, which lends a server's connection to a client for one transaction at a time."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support.servers import START_SECONDS


def pgbouncer() -> str | None:
    """The program; None where it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


@contextmanager
def pooled(url: str, folder: Path) -> Iterator[str]:
    """The URL of the same database through a PgBouncer of our own, which has fewer connections than we have clients."""
    program, server = pgbouncer(), make_url(url)
    assert program is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    password = f" password={server.password}" if server.password else ""
    to = f"host={server.host} port={server.port or 5432} user={server.username}{password} dbname={server.database}"
    lines = ["[databases]", f"pooled = {to}", "[pgbouncer]", "pool_mode = transaction", "default_pool_size = 3"]
    lines += ["listen_addr = 127.0.0.1", f"listen_port = {port}", "auth_type = any", "unix_socket_dir ="]
    configuration = folder / "pgbouncer.ini"
    configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
    # It refuses to run as root, and gives that up itself once it has read its configuration.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, str(configuration)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "process up" in line:
                break
        else:
            raise AssertionError("PgBouncer has not started")
        yield server.set(port=port, host="127.0.0.1", database="pooled", query={"pgbouncer": "true"}).render_as_string(
            hide_password=False
        )
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)
