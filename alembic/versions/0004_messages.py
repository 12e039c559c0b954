"""Messages are carried over active connections.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    """Bring the tables to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "channel",
        sa.Column("id", TEXT(length=40), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("to_send", sa.Integer(), nullable=False),
        sa.Column("to_send_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("received_id", TEXT(length=40), nullable=True),
        sa.Column("is_forked", sa.Boolean(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("to_take", sa.Integer(), nullable=False),
        sa.Column("to_take_bytes", sa.BigInteger(), nullable=False),
        sa.Column("room", sa.Integer(), nullable=True),
        sa.Column("exchanged_at", MOMENT(), nullable=True),
        sa.Column("moved_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(
            ["id"], ["connection.id"], name=op.f("fk_channel_id_connection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    _create_queue("outgoing_message", sa.Column("created_at", MOMENT(), nullable=False))
    _create_queue(
        "incoming_message",
        sa.Column("sender_id", TEXT(length=40), nullable=False),
        sa.Column("received_at", MOMENT(), nullable=False),
    )


def _create_queue(name: str, *further: sa.Column) -> None:  # type: ignore[type-arg]
    op.create_table(
        name,
        sa.Column("id", TEXT(length=40), nullable=False),
        sa.Column("connection_id", TEXT(length=40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("body_sealed", TEXT(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        *further,
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f(f"fk_{name}_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.create_index(f"uq_{name}", ["connection_id", "sequence"], unique=True)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("incoming_message", "outgoing_message", "channel"):
        op.drop_table(name)
