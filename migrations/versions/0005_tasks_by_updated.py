"""The list in the order of `updated_at`.

Revision: 0005
Follows: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_updated", "tasks", ["user_id", "updated_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_updated", "tasks")
