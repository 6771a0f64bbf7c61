"""Answers: terms, feedback, who is told when nobody answers, delegations."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("person", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("to", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_delegation")),
    )
    text = sqlmodel.sql.sqltypes.AutoString()
    moment = sqlmodel.sql.sqltypes.UTCDateTime()
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer_until", moment, nullable=True))
        batch_op.add_column(sa.Column("first_answered_at", moment, nullable=True))
        batch_op.add_column(sa.Column("feedback", text, nullable=True))
        batch_op.add_column(sa.Column("feedback_by", text, nullable=True))
        batch_op.add_column(sa.Column("feedback_at", moment, nullable=True))
        batch_op.add_column(sa.Column("replaced_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ladder", sa.JSON(), nullable=True))
        batch_op.add_column(
            sa.Column("escalated", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("furthest", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("escalate_at", moment, nullable=True))
        batch_op.create_index(batch_op.f("ix_alert_escalate_at"), ["escalate_at"], unique=False)
    # What was answered before had no term, and was answered first when it was answered.
    op.execute("UPDATE alert SET first_answered_at = answered_at")


def downgrade() -> None:
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_escalate_at"))
        for column in (
            "escalate_at",
            "round",
            "furthest",
            "escalated",
            "ladder",
            "replaced_by",
            "feedback_at",
            "feedback_by",
            "feedback",
            "first_answered_at",
            "answer_until",
        ):
            batch_op.drop_column(column)

    op.drop_table("delegation")
