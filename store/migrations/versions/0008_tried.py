"""What a target is about to be given, noted before it is: a bot that is killed knows its own doing."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("target_state", sa.Column("tried", sa.JSON(), nullable=True))
