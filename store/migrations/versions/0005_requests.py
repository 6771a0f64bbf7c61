"""Requests that can be changed, asked about and funded; exceptions that end early."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    _create_questions()
    with op.batch_alter_table("overage_request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", TEXT, nullable=False, server_default="overage"))
        batch_op.add_column(sa.Column("slot", TEXT, nullable=True))
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("granted_until", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("funding", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("alert", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("remind_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("reminded", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("decided_in", sa.JSON(), nullable=True))
        batch_op.create_unique_constraint("uq_overage_request_slot", ["slot"])
        batch_op.create_index(batch_op.f("ix_overage_request_remind_at"), ["remind_at"])
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.add_column(sa.Column("amount", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ends_at", MOMENT, nullable=True))
    with op.batch_alter_table("temporary_raise", schema=None) as batch_op:
        batch_op.add_column(sa.Column("from_budget", TEXT, nullable=True))
        batch_op.add_column(sa.Column("planned_ends_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("ended_by", TEXT, nullable=True))
        batch_op.add_column(sa.Column("end_told_at", MOMENT, nullable=True))
        batch_op.create_index(batch_op.f("ix_temporary_raise_from_budget"), ["from_budget"])


def _create_questions() -> None:
    op.create_table(
        "request_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trigger", TEXT, nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_by", TEXT, nullable=True),
        sa.Column("answer", TEXT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["request"],
            ["overage_request.id"],
            name=op.f("fk_request_question_request_overage_request"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_question")),
        sa.UniqueConstraint("trigger", name=op.f("uq_request_question_trigger")),
    )
    op.create_index(op.f("ix_request_question_request"), "request_question", ["request"])


def downgrade() -> None:
    with op.batch_alter_table("temporary_raise", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_temporary_raise_from_budget"))
        for column in ("end_told_at", "ended_by", "planned_ends_at", "from_budget"):
            batch_op.drop_column(column)
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.drop_column("ends_at")
        batch_op.drop_column("amount")
    with op.batch_alter_table("overage_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_overage_request_remind_at"))
        batch_op.drop_constraint("uq_overage_request_slot", type_="unique")
        for column in (
            "decided_in",
            "reminded",
            "remind_at",
            "alert",
            "funding",
            "granted_until",
            "revision",
            "slot",
            "kind",
        ):
            batch_op.drop_column(column)
    op.drop_table("request_question")
