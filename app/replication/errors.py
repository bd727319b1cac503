"""What can go wrong between an instance and its replica."""


class ReplicationError(Exception):
    """In one line, without keys."""


class StoreError(ReplicationError):
    """The replica's place does not answer, or does not take what is written."""


class LitestreamError(ReplicationError):
    """Litestream cannot be started, or could not do what it was asked."""


class HistoryError(ReplicationError):
    """There is something that must not be gone on from, or not be overwritten."""
