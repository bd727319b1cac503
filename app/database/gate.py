"""What every write passes: it may be refused, and it may have to be safe elsewhere before it counts as done."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol


class WriteRefusedError(Exception):
    """Nothing may be written here now. Of the commit that meets it, only a retry can tell whether it stands."""


class SupersededError(WriteRefusedError):
    """A newer instance has taken over; nothing was written."""


class ReplicaStalledError(WriteRefusedError):
    """The replica does not take what is written. Raised before a commit, nothing was written; behind it, it was."""


ReplicaState = Literal["replicating", "stalled", "superseded"]


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """`lag` in seconds: everything committed that long ago is in the replica."""

    state: ReplicaState
    lag: float


class Gate(Protocol):
    """What stands between a unit of work and its commit."""

    def check(self) -> None:
        """Raise WriteRefusedError where a write would be refused anyhow, before it begins."""

    def commit(self) -> AbstractAsyncContextManager[None]:
        """Stands around COMMIT; raises WriteRefusedError before it, or behind it."""

    def status(self) -> ReplicaStatus | None:
        """How the replica does; None without one."""


class OpenGate:
    """For a database without a replica of ours."""

    def check(self) -> None:
        """Every write may begin."""

    def commit(self) -> AbstractAsyncContextManager[None]:
        """Every commit may pass."""
        return nullcontext()

    def status(self) -> ReplicaStatus | None:
        """There is no replica."""
        return None
