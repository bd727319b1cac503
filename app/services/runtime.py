"""What lives as long as the process, and what one request works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.config.settings import Settings
from app.database.engine import PoolLimits
from app.database.gate import Gate
from app.database.session import Database
from app.database.urls import parse
from app.replication.situation import Situation, situation_of
from app.services.clock import Clock, system_clock
from app.services.ids import Ids, time_ordered_ids
from app.services.keys import Keyring, load_keyring
from app.services.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Runtime:
    """Made once a process."""

    settings: Settings
    situation: Situation
    database: Database
    keyring: Keyring
    passwords: Passwords
    clock: Clock
    ids: Ids

    @classmethod
    def start(
        cls, settings: Settings, clock: Clock = system_clock, ids: Ids | None = None, gate: Gate | None = None
    ) -> "Runtime":
        """Connects to nothing yet; raises SettingsError or DatabaseUrlError for a wrong setting."""
        target = parse(settings.database_url.get_secret_value())
        limits = PoolLimits(
            settings.db_pool_size, settings.db_pool_timeout, settings.db_connect_timeout, settings.sqlite_fast
        )
        situation = situation_of(settings, target)
        return cls(
            settings=settings,
            situation=situation,
            keyring=load_keyring(settings, target),
            database=Database(target, limits, gate, replicated=situation is Situation.durable),
            passwords=Passwords(),
            clock=clock,
            ids=ids or time_ordered_ids(clock),
        )

    async def stop(self) -> None:
        """Close the connections and let the threads end."""
        self.passwords.close()
        await self.database.dispose()


@dataclass(slots=True)
class Work:
    """One unit of work: a session whose transaction ends with the request, the time, and new ids."""

    session: AsyncSession
    runtime: Runtime
    _now: datetime | None = None

    async def rows(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """What is read to be shown and not to be changed: rows, which cost far less than objects."""
        return await self.session.run_sync(_rows, statement, values)

    @property
    def now(self) -> datetime:
        """The instant of everything that this unit changes; first asked when the rows are locked."""
        if self._now is None:
            self._now = self.runtime.clock()
        return self._now

    @property
    def clock(self) -> Clock:
        return self.runtime.clock

    @property
    def ids(self) -> Ids:
        return self.runtime.ids


def _rows(session: Session, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    return session.connection().execute(statement, values).all()
