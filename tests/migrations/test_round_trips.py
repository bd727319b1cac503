"""Every revision, there and back, with rows in the tables: what people wrote stays as it was."""

import pytest

from tests.migrations.steps import REVISIONS, Steps, projected


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_survive_the_way_to_head_and_back(steps: Steps, revision: str) -> None:
    steps.upgrade(revision)
    old = steps.tables()
    steps.fill(old)
    before = steps.rows()
    assert all(before.values())

    steps.upgrade()
    steps.check()
    at_head = steps.rows()
    assert projected(at_head, before) == before
    # The tables that came later have rows as well when the way down takes them away.
    steps.fill(steps.tables() - old)

    steps.downgrade(revision)
    assert steps.revision() == revision
    assert steps.rows() == before

    steps.upgrade()
    steps.check()
    assert steps.rows() == at_head


def test_the_way_down_to_nothing_leaves_nothing(steps: Steps) -> None:
    steps.upgrade()
    steps.fill(steps.tables())
    steps.downgrade("base")
    assert steps.tables() == set()
    assert steps.revision() is None
    steps.upgrade()
    steps.check()


def test_an_upgrade_at_head_changes_nothing(steps: Steps) -> None:
    steps.upgrade()
    steps.fill(steps.tables())
    before = steps.rows()
    steps.upgrade()
    assert steps.rows() == before
