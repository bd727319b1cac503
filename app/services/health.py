"""Whether the service can do its work now."""

import asyncio
import logging
from typing import Final

from app.database import schema
from app.services.runtime import Runtime

log = logging.getLogger(__name__)

_DEADLINE_SECONDS: Final = 1.0


async def obstacle(runtime: Runtime) -> str | None:
    """What stands in the way, in a sentence; None when the database answers in time and its schema is at head."""
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            revision = await schema.current(runtime.database.reader)
    except Exception as error:
        log.warning("not ready", exc_info=error)
        return "the database does not answer"
    if revision == schema.head():
        return None
    return schema.remedy(revision)
