"""The list in the order of `due_key`.

Revision: 0006
Follows: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_due", "tasks", ["user_id", "due_key", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_due", "tasks")
