"""Increase requests of members at Anthropic, and since when their queue cannot be read."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "increase_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("member", sa.JSON(), nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_in", sa.JSON(), nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("granted", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("refused", TEXT, nullable=True),
        sa.Column("elsewhere", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_increase_request")),
        sa.UniqueConstraint("request", name=op.f("uq_increase_request_request")),
    )
    op.create_index("ix_increase_request_state", "increase_request", ["state"])
    op.create_index("ix_increase_request_decided_at", "increase_request", ["decided_at"])
    op.create_table(
        "increase_queue",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_increase_queue")),
    )


def downgrade() -> None:
    op.drop_table("increase_queue")
    op.drop_index("ix_increase_request_decided_at", table_name="increase_request")
    op.drop_index("ix_increase_request_state", table_name="increase_request")
    op.drop_table("increase_request")
