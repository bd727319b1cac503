"""Who follows whom: every case in which a start must wait, may go on, or has to make way."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from app.replication.generations import Generation, following
from app.replication.succession import Follow, MakeWay, Timing, Wait, above, decide, forgettable, successor

NOW: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
TIMING: Final = Timing(delay=10, elder=8)
ME: Final = "00000005-aaaaaaaa"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def generation(
    name: str, *, beat: float = 1, ready: bool = True, stopped: float | None = None, txid: int | None = 7
) -> Generation:
    """Its last sign of life, and its end, in seconds ago."""
    return Generation(
        name=name,
        started_at=ago(3600),
        beat_at=ago(beat),
        ready_at=ago(3000) if ready else None,
        stopped_at=None if stopped is None else ago(stopped),
        txid=None if stopped is None else txid,
    )


MYSELF: Final = generation(ME, ready=False)
ALIVE: Final = generation("00000004-cccccccc")
STOPPED: Final = generation("00000004-cccccccc", stopped=1)
SILENT: Final = generation("00000004-cccccccc", beat=18.1)
NOT_YET_SILENT: Final = generation("00000004-cccccccc", beat=17.9)
OLD: Final = generation("00000003-dddddddd", beat=9999)
HALF_WAY: Final = generation("00000004-cccccccc", beat=9999, ready=False)
STARTING: Final = generation("00000004-cccccccc", ready=False)
MADE_WAY: Final = generation("00000004-cccccccc", ready=False, stopped=1, txid=None)
HIGHER: Final = generation("00000006-bbbbbbbb", ready=False)
HIGHER_OF_THE_SAME_NUMBER: Final = generation("00000005-bbbbbbbb", ready=False)
HIGHER_DEAD: Final = generation("00000006-bbbbbbbb", beat=9999, ready=False)
HIGHER_AND_GONE: Final = generation("00000006-bbbbbbbb", stopped=1)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], Follow(None)),
        ([STOPPED], Follow(STOPPED)),
        ([SILENT], Follow(SILENT)),
        ([OLD, STOPPED], Follow(STOPPED)),
        ([HALF_WAY], Follow(None)),
        ([OLD, HALF_WAY], Follow(OLD)),
        ([OLD, MADE_WAY], Follow(OLD)),
        ([OLD, HIGHER_DEAD], Follow(OLD)),
        ([ALIVE], Wait("for 00000004-cccccccc to stop")),
        ([NOT_YET_SILENT], Wait("for 00000004-cccccccc to stop")),
        ([OLD, STARTING], Wait("for 00000004-cccccccc to stop")),
        ([STOPPED, HIGHER], MakeWay(HIGHER)),
        ([HIGHER_OF_THE_SAME_NUMBER], MakeWay(HIGHER_OF_THE_SAME_NUMBER)),
        ([ALIVE, HIGHER], MakeWay(HIGHER)),
        ([STOPPED, HIGHER_AND_GONE], MakeWay(HIGHER_AND_GONE)),
    ],
)
def test_what_a_start_may_do(others: list[Generation], expected: object) -> None:
    assert decide(ME, ago(11), [MYSELF, *others], NOW, TIMING) == expected


@pytest.mark.parametrize(("announced", "expected"), [(9.9, Wait("for another start to show")), (10, Follow(STOPPED))])
def test_a_start_waits_until_others_would_show(announced: float, expected: object) -> None:
    assert decide(ME, ago(announced), [STOPPED, MYSELF], NOW, TIMING) == expected


def test_the_order_in_which_they_show_does_not_matter() -> None:
    assert decide(ME, ago(11), [STOPPED, MYSELF, OLD], NOW, TIMING) == Follow(STOPPED)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([STOPPED], None),
        ([HIGHER], HIGHER),
        ([HIGHER_DEAD], None),
        ([HIGHER_AND_GONE], HIGHER_AND_GONE),
        ([HIGHER_OF_THE_SAME_NUMBER], HIGHER_OF_THE_SAME_NUMBER),
    ],
)
def test_to_whom_an_instance_hands_over(others: list[Generation], expected: Generation | None) -> None:
    assert successor(ME, [MYSELF, *others], NOW, TIMING) == expected


def test_one_that_is_gone_is_waited_for_no_more() -> None:
    assert above(ME, [MYSELF, HIGHER], NOW, TIMING) == HIGHER
    assert above(ME, [MYSELF, HIGHER_AND_GONE], NOW, TIMING) is None


@pytest.mark.parametrize(
    ("others", "hours", "expected"),
    [
        ([OLD], 0, [OLD.name]),
        ([OLD], 24, []),
        ([generation("00000003-dddddddd", beat=86_500)], 24, ["00000003-dddddddd"]),
        ([STOPPED], 0, []),  # what followed it may not have left this machine
        ([HALF_WAY], 24, [HALF_WAY.name]),
        ([STARTING], 0, []),
        ([ALIVE], 0, []),
        ([HIGHER_DEAD], 0, []),
        ([generation("00000006-bbbbbbbb", beat=9999)], 0, []),
    ],
)
def test_what_is_removed_from_the_replica(others: list[Generation], hours: int, expected: list[str]) -> None:
    assert forgettable(ME, [MYSELF, *others], NOW, TIMING, keep=timedelta(hours=hours)) == expected


def test_a_new_name_is_higher_than_all_and_nobody_elses() -> None:
    assert following([OLD, ALIVE, MYSELF]).startswith("00000006-")
    assert following([]).startswith("00000001-")
    assert following([]) != following([])


def test_an_instance_stops_acknowledging_well_before_it_is_taken_for_dead() -> None:
    """Its last files must show, and clocks may differ, before another may go on without it."""
    assert TIMING.lease + TIMING.delay < TIMING.silence
    assert TIMING.beat < TIMING.lease
