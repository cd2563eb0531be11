"""When each todo was reminded of, and a quick way to those that are still to be."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.add_column("todos", sa.Column("reminded_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_todos_to_remind",
        "todos",
        ["due_at"],
        postgresql_where=sa.text("reminded_at IS NULL AND NOT done"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_todos_to_remind", table_name="todos")
    op.drop_column("todos", "reminded_at")
