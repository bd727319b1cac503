"""What can be measured of an engine."""

import time
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool


def time_statements(engine: AsyncEngine, observe: Callable[[float], object]) -> None:
    """Report the seconds of every statement that succeeds, from the driver's call to its return."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def start(_connection: Any, _cursor: Any, _text: Any, _values: Any, context: Any, _is_many: Any) -> None:
        context.measured_from = time.perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(_connection: Any, _cursor: Any, _text: Any, _values: Any, context: Any, _is_many: Any) -> None:
        observe(time.perf_counter() - context.measured_from)


def pool_use(engine: AsyncEngine) -> tuple[int, int]:
    """The connections that are lent out, and how many there may be."""
    pool = cast("QueuePool", engine.pool)
    return pool.checkedout(), pool.size()
