"""The list in the order of `title_key`.

Revision: 0008
Follows: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_title", "tasks", ["user_id", "title_key", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_title", "tasks")
