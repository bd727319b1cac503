"""What holds is one line; what does not ends the run."""

from collections.abc import Sequence
from statistics import median


class ImageError(Exception):
    """What did not hold, in one line."""


def expect(what: str, got: object, wanted: object) -> None:
    """Go on only when it is so."""
    if got != wanted:
        raise ImageError(f"{what}: {got!r}, wanted {wanted!r}")


def expect_within(what: str, seconds: float, most: float) -> None:
    """Go on only when it took no longer."""
    if seconds > most:
        raise ImageError(f"{what}: {seconds:.2f} s, at most {most:g} s wanted")


def say(text: str) -> None:
    """One line for one thing that holds."""
    print(f"ok  {text}", flush=True)


def spread(seconds: Sequence[float]) -> str:
    """The middle and the end of what was measured."""
    return f"median {median(seconds):.2f} s, worst {max(seconds):.2f} s"
