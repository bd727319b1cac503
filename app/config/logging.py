"""Logs: one JSON object a line on standard error, with the request's id in every line."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served; None outside of one."""

_FIELDS: Final = "fields"  # the attribute of a record that carries what belongs beside the message

# What a driver's or a library's message may carry: credentials in an address, a token, and the rows that
# PostgreSQL prints in its DETAIL line.
_NEXT: Final = r"HINT:|CONTEXT:|QUERY:|DETAIL:|\[SQL:|\(Background|Traceback|The above|During"
_WORD: Final = "(?:password|secret|token)"
_VALUE: Final = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,&}]+)"""
_SECRETS: Final = (
    (re.compile(r"(?i)\b(bearer)\s+[^\s\"',]+"), r"\1 [hidden]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]*\.?[\w-]*"), "[hidden]"),
    (re.compile(r"(://[^\s:/@]*):[^\s/]*@"), r"\1:[hidden]@"),
    # A row has whatever line ends its texts have: all goes, up to what PostgreSQL, SQLAlchemy or a traceback says next.
    (re.compile(rf"(?ms)^(\s*DETAIL:).*?(?=\n\s*(?:{_NEXT})|\Z)"), r"\1 [hidden]"),
    (re.compile(r"(?s)(Duplicate entry ').*?(' for key)"), r"\1[hidden]\2"),
    (re.compile(rf"(?i)({_WORD}(?:[\"']?\s*=|[\"']\s*:)\s*|\b{_WORD}\s*:\s*){_VALUE}"), r"\1[hidden]"),
)


def hide_secrets(text: str) -> str:
    """The text without what looks like a password, a token or a row of data."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message", "pid", "request_id", …fields, "exception"}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide_secrets(record.getMessage()),
            "pid": record.process,
            "request_id": request_id.get(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = hide_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(level: str) -> None:
    """Send every logger of the process through the JSON formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Our own line a request says more.
    logging.getLogger("uvicorn.access").setLevel(logging.ERROR)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # at DEBUG it writes every bound value
    logging.getLogger("alembic").setLevel(logging.INFO if level == "debug" else logging.WARNING)


def with_fields(**fields: Any) -> dict[str, Any]:
    """What goes beside the message: `log.info("request", extra=with_fields(status=200))`."""
    return {_FIELDS: fields}
