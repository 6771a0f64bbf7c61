"""When what an alert told was over by itself: a spike that has ended asks nobody any more."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime()
    op.add_column("alert", sa.Column("over_at", moment, nullable=True))
