"""list entries"""

import sqlalchemy as sa
from alembic import op

revision = "e51c0a7d2b94"
down_revision = "d4255f628158"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_entry",
        sa.Column("portal_id", sa.String(length=96), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("stated_on", sa.String(length=32), nullable=False),
        sa.Column("records", sa.JSON(), nullable=False),
        sa.Column("crawl_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"]),
        sa.PrimaryKeyConstraint("portal_id", "key"),
    )


def downgrade() -> None:
    op.drop_table("list_entry")
