"""One sync for all who wait, and none who committed after it began."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.replication.acknowledger import Acknowledger
from app.replication.errors import LitestreamError


class Syncs:
    """Stands where Litestream does: each sync lasts until it is let go, with a number or an error."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()

    async def __call__(self) -> int:
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.begun.put_nowait(end)
        return await end


@asynccontextmanager
async def acknowledging(syncs: Syncs) -> AsyncIterator[Acknowledger]:
    acknowledger = Acknowledger(syncs)
    acknowledger.start()
    running = asyncio.create_task(acknowledger.run())
    yield acknowledger
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_one_sync_serves_all_who_wait_when_it_begins() -> None:
    syncs = Syncs()
    async with acknowledging(syncs) as acknowledger:
        waiting = [asyncio.create_task(acknowledger.wait()) for _ in range(20)]
        (await syncs.begun.get()).set_result(7)
        assert await asyncio.gather(*waiting) == [7] * 20
        assert syncs.begun.empty()


async def test_a_commit_during_a_sync_waits_for_the_next_one() -> None:
    syncs = Syncs()
    async with acknowledging(syncs) as acknowledger:
        early = asyncio.create_task(acknowledger.wait())
        first = await syncs.begun.get()
        late = asyncio.create_task(acknowledger.wait())
        await asyncio.sleep(0)
        first.set_result(1)
        assert await early == 1
        assert not late.done()
        (await syncs.begun.get()).set_result(2)
        assert await late == 2


async def test_who_waits_is_served_when_the_replica_takes_what_is_written_again() -> None:
    syncs = Syncs()
    async with acknowledging(syncs) as acknowledger:
        waiting = asyncio.create_task(acknowledger.wait())
        (await syncs.begun.get()).set_exception(LitestreamError("no space left on device"))
        (await syncs.begun.get()).set_result(3)
        assert await waiting == 3


async def test_one_who_gives_up_does_not_end_it_for_the_others() -> None:
    syncs = Syncs()
    async with acknowledging(syncs) as acknowledger:
        hurried, patient = (asyncio.create_task(acknowledger.wait()) for _ in range(2))
        end = await syncs.begun.get()
        hurried.cancel()
        end.set_result(4)
        assert await patient == 4


async def test_it_syncs_without_being_asked_so_that_the_lag_is_known() -> None:
    syncs = Syncs()
    async with acknowledging(syncs):
        (await syncs.begun.get()).set_result(1)
