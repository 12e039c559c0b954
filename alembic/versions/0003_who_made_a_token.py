"""A service token knows the person behind it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    with op.batch_alter_table("service_token", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("maker_instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True)
        )
        batch_op.add_column(
            sa.Column("maker_account_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True)
        )


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    with op.batch_alter_table("service_token", schema=None) as batch_op:
        batch_op.drop_column("maker_account_id")
        batch_op.drop_column("maker_instance_id")
