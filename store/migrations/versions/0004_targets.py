"""Several enforcement targets for a budget; several alerts in one message."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    moment = sqlmodel.sql.sqltypes.UTCDateTime()
    op.create_table(
        "target_state",
        sa.Column("budget", text, nullable=False),
        sa.Column("target", text, nullable=False),
        sa.Column("accepted_version", sa.Integer(), nullable=False),
        sa.Column("confirmed_version", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("held", sa.JSON(), nullable=True),
        sa.Column("written", sa.JSON(), nullable=True),
        sa.Column("note", text, nullable=True),
        sa.Column("edited", text, nullable=True),
        sa.Column("edited_at", moment, nullable=True),
        sa.Column("looked_at", moment, nullable=True),
        sa.Column("failing_since", moment, nullable=True),
        sa.Column("error", text, nullable=True),
        sa.PrimaryKeyConstraint("budget", "target", name=op.f("pk_target_state")),
    )
    # Until now there was one target, and the limit state knew how far it had come.
    op.execute(
        "INSERT INTO target_state (budget, target, accepted_version, confirmed_version, "
        "confirmed_at) SELECT budget, 'webhook', accepted_version, confirmed_version, "
        "confirmed_at FROM limit_state WHERE accepted_version > 0"
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bundle", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_alert_bundle"), ["bundle"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_bundle"))
        batch_op.drop_column("bundle")
    op.drop_table("target_state")
