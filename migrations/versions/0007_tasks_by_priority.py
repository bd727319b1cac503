"""The list in the order of `priority`.

Revision: 0007
Follows: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_priority", "tasks", ["user_id", "priority", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_priority", "tasks")
