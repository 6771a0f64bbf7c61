"""Monitoring: estimates, budgets to look at again, revisions, day checks, people's shares."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budget_spend",
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("budget", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("list", sa.BigInteger(), nullable=False),
        sa.Column("estimated_net", sa.BigInteger(), nullable=False),
        sa.Column("estimated_list", sa.BigInteger(), nullable=False),
        sa.Column("worked_out_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("starts_at", "budget", "source", name=op.f("pk_budget_spend")),
    )
    op.create_table(
        "day_check",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("told_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("estimated", sa.BigInteger(), nullable=False),
        sa.Column("billed", sa.BigInteger(), nullable=False),
        sa.Column("told_estimate_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_day_check")),
    )
    op.create_table(
        "period_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("budget", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_revision")),
    )
    with op.batch_alter_table("period_revision", schema=None) as batch_op:
        batch_op.create_index("ix_period_revision_at", ["at"], unique=False)

    op.create_table(
        "person_share",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", "model", "person", name=op.f("pk_person_share")),
    )
    op.create_table(
        "touched_budget",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("budget", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("limit_changed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched_budget")),
    )
    op.create_table(
        "watch",
        sa.Column("budget", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("back_at", sa.BigInteger(), nullable=True),
        sa.Column("check_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("found_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("timed", sa.Integer(), nullable=True),
        sa.Column("timed_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("budget", name=op.f("pk_watch")),
    )
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_watch_back_is_reached",
            ["budget"],
            unique=False,
            sqlite_where=sa.text("spent < back_at"),
            postgresql_where=sa.text("spent < back_at"),
        )
        batch_op.create_index(batch_op.f("ix_watch_check_at"), ["check_at"], unique=False)
        batch_op.create_index(
            "ix_watch_next_is_reached",
            ["budget"],
            unique=False,
            sqlite_where=sa.text("spent >= next_at"),
            postgresql_where=sa.text("spent >= next_at"),
        )

    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.add_column(sa.Column("muted_by", sa.Integer(), nullable=True))

    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("compacted", sa.Boolean(), nullable=False, server_default=sa.false())
        )

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("estimated_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
        batch_op.add_column(
            sa.Column("full_read_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
        batch_op.add_column(
            sa.Column("full_read_rows", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("looked_back_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
        batch_op.add_column(
            sa.Column("compacted_to", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )

    with op.batch_alter_table("usage_name", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.create_index(batch_op.f("ix_usage_name_id"), ["id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("usage_name", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usage_name_id"))
        batch_op.drop_column("email")

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_column("compacted_to")
        batch_op.drop_column("looked_back_at")
        batch_op.drop_column("full_read_rows")
        batch_op.drop_column("full_read_at")
        batch_op.drop_column("estimated_until")

    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.drop_column("compacted")

    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_column("muted_by")

    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_watch_next_is_reached",
            sqlite_where=sa.text("spent >= next_at"),
            postgresql_where=sa.text("spent >= next_at"),
        )
        batch_op.drop_index(batch_op.f("ix_watch_check_at"))
        batch_op.drop_index(
            "ix_watch_back_is_reached",
            sqlite_where=sa.text("spent < back_at"),
            postgresql_where=sa.text("spent < back_at"),
        )

    op.drop_table("watch")
    op.drop_table("touched_budget")
    op.drop_table("person_share")
    with op.batch_alter_table("period_revision", schema=None) as batch_op:
        batch_op.drop_index("ix_period_revision_at")

    op.drop_table("period_revision")
    op.drop_table("day_check")
    op.drop_table("budget_spend")
