"""What was found by reading a whole table: the jobs of a lease, and all connections by their last change.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A lease's jobs are found among all that were ever done, and the list walks along the order asked for."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    leased = sa.text("lease_token IS NOT NULL")
    op.create_index("ix_job_lease", "job", ["lease_token"], sqlite_where=leased, postgresql_where=leased)
    op.create_index("ix_connection_all_updated", "connection", ["updated_at", "id"])


def downgrade() -> None:
    """Both are looked for in the whole table again."""
    op.drop_index("ix_connection_all_updated", table_name="connection")
    op.drop_index("ix_job_lease", table_name="job")
