"""The list in the order of `position`.

Revision: 0009
Follows: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_position", "tasks", ["user_id", "position", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_position", "tasks")
