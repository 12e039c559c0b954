"""First tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "cached_document",
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fetched_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_cached_document")),
    )
    with op.batch_alter_table("cached_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cached_document_fetched_at"), ["fetched_at"], unique=False)

    op.create_table(
        "guess_count",
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_guess_count")),
    )
    with op.batch_alter_table("guess_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guess_count_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "instance",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(length=63), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("platform", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column(
            "network",
            sa.Enum("public", "private", name="network", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("return_urls", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("identity", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("credential_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("credential_renewing_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("oauth_client_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("oauth_secret_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("slug", name=op.f("uq_instance_slug")),
    )
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instance_url"), ["url"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("run_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("set_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("lease_token", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("done_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_done_at"), ["done_at"], unique=False)
        batch_op.create_index(
            "ix_job_due",
            ["run_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_index(
            "ix_job_set",
            ["set_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_index(
            "uq_job_open",
            ["kind", "subject"],
            unique=True,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "node_secret",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_node_secret")),
    )
    op.create_table(
        "seen_token",
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_seen_token")),
    )
    with op.batch_alter_table("seen_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seen_token_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "service_token",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("instance_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_service_token_secret_hash")),
    )
    op.create_table(
        "connection",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "role",
            sa.Enum("initiator", "responder", name="role", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "pending",
                "active",
                "deactivated",
                "closed",
                name="connectionstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "closed_here",
                "closed_by_peer",
                "unknown_there",
                "attempt_ended",
                "attempt_expired",
                "copied",
                name="closereason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "type",
            sa.Enum("public", "private", "local", name="destinationtype", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column(
            "mode",
            sa.Enum("visual", "script", "basic", name="mode", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("scope", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("shared_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("local_short_name", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=True),
        sa.Column("destination_short_name", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=True),
        sa.Column("destination_url", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("destination_node_url", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("destination_platform", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("destination_state", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("destination_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("destination_changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("mode_refusals", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("peer", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("verification_session_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("invitation_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("last_error", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("return_url", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("metadata", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("activated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("verified_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("verified_by", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_connection_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index("ix_connection_all_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_connection_created", ["instance_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_connection_name", ["instance_id", "name", "id"], unique=False)
        batch_op.create_index("ix_connection_shared", ["instance_id", "shared_id"], unique=False)
        batch_op.create_index("ix_connection_updated", ["instance_id", "updated_at", "id"], unique=False)
        batch_op.create_index(
            "uq_connection_open_name",
            ["instance_id", "name"],
            unique=True,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )

    op.create_table(
        "instance_key",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=43), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum("next", "current", "retired", "refused", name="keystate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("private_key_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("public_jwk", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_instance_key_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_key")),
    )
    with op.batch_alter_table("instance_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instance_key_instance_id"), ["instance_id"], unique=False)
        batch_op.create_index(
            "uq_instance_key_current",
            ["instance_id"],
            unique=True,
            sqlite_where=sa.text("state = 'current'"),
            postgresql_where=sa.text("state = 'current'"),
        )
        batch_op.create_index(
            "uq_instance_key_next",
            ["instance_id"],
            unique=True,
            sqlite_where=sa.text("state = 'next'"),
            postgresql_where=sa.text("state = 'next'"),
        )

    op.create_table(
        "sign_in_session",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("cookie", "bearer", name="sessionkind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("login", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("display_name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("missing", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("for_request", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("browser_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("signed_in_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_sign_in_session_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sign_in_session_secret_hash")),
    )
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_session_instance_id"), ["instance_id"], unique=False)

    op.create_table(
        "authorization_request",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "consented",
                "redeemed",
                "active",
                "closed",
                "denied",
                "expired",
                name="authorizationstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column("client", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("shared_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("reconnects", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("request_uri_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("redirect_uri", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column("client_state_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("nonce", sqlmodel.sql.sqltypes.AutoString(length=512), nullable=False),
        sa.Column("code_challenge", sqlmodel.sql.sqltypes.AutoString(length=43), nullable=False),
        sa.Column("scope", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("comparison_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("code_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("code_expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("admin_name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("auth_time", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("key_thumbprint", sqlmodel.sql.sqltypes.AutoString(length=43), nullable=True),
        sa.Column("attestation", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("redeemed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_authorization_request_connection_id_connection"),
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_authorization_request_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization_request")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_authorization_request_code_hash")),
        sa.UniqueConstraint(
            "instance_id",
            "client_id",
            "shared_id",
            name=op.f("uq_authorization_request_instance_id_client_id_shared_id"),
        ),
        sa.UniqueConstraint("request_uri_hash", name=op.f("uq_authorization_request_request_uri_hash")),
    )
    with op.batch_alter_table("authorization_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_authorization_request_connection_id"), ["connection_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_authorization_request_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "anonymous",
                "person",
                "service",
                "other_side",
                "system",
                name="actorkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("actor_name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_event_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_connection", ["connection_id", "id"], unique=False)
        batch_op.create_index(
            "ix_event_refused",
            ["at"],
            unique=False,
            sqlite_where=sa.text("what LIKE '%.refused'"),
            postgresql_where=sa.text("what LIKE '%.refused'"),
        )

    op.create_table(
        "invitation",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column(
            "direction",
            sa.Enum("sent", "received", name="direction", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "claiming",
                "claimed",
                "confirmed",
                "active",
                "rejected",
                "revoked",
                "expired",
                "locked",
                name="invitationstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("inviter_issuer", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("visual", "script", "basic", name="mode", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("scope", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("expected_partner", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("confirmation_required", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("secret_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("shared_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=True),
        sa.Column("claimant", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("peer", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("comparison_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("last_error", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_invitation_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_invitation_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint(
            "instance_id",
            "reference",
            "inviter_issuer",
            name=op.f("uq_invitation_instance_id_reference_inviter_issuer"),
        ),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_connection_id"), ["connection_id"], unique=False)
        batch_op.create_index("ix_invitation_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_invitation_shared", ["instance_id", "shared_id"], unique=False)

    op.create_table(
        "verification_session",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum("set_up", "reconnect", name="purpose", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "created",
                "started",
                "awaiting_decision",
                "code_received",
                "verified",
                "denied",
                "failed",
                "expired",
                "cancelled",
                name="verificationstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("shared_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("owner_account", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("browser_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("peer_issuer", sqlmodel.sql.sqltypes.AutoString(length=2048), nullable=False),
        sa.Column("peer", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("visual", "script", "basic", name="mode", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column(
            "requested_scope", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("comparison_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("code_verifier_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("state_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("nonce", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("request_uri_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("request_expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("code_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("access_token_sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("access_token_expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("admin_name", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("admin_checked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("completed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_verification_session_connection_id_connection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instance.id"],
            name=op.f("fk_verification_session_instance_id_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_session")),
        sa.UniqueConstraint(
            "instance_id", "shared_id", name=op.f("uq_verification_session_instance_id_shared_id")
        ),
        sa.UniqueConstraint("state_hash", name=op.f("uq_verification_session_state_hash")),
    )
    with op.batch_alter_table("verification_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_verification_session_connection_id"), ["connection_id"], unique=False
        )


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("verification_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verification_session_connection_id"))

    op.drop_table("verification_session")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_shared")
        batch_op.drop_index("ix_invitation_created")
        batch_op.drop_index(batch_op.f("ix_invitation_connection_id"))

    op.drop_table("invitation")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_event_refused",
            sqlite_where=sa.text("what LIKE '%.refused'"),
            postgresql_where=sa.text("what LIKE '%.refused'"),
        )
        batch_op.drop_index("ix_event_connection")

    op.drop_table("event")
    with op.batch_alter_table("authorization_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authorization_request_expires_at"))
        batch_op.drop_index(batch_op.f("ix_authorization_request_connection_id"))

    op.drop_table("authorization_request")
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_session_instance_id"))
        batch_op.drop_index(batch_op.f("ix_sign_in_session_expires_at"))

    op.drop_table("sign_in_session")
    with op.batch_alter_table("instance_key", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_instance_key_next",
            sqlite_where=sa.text("state = 'next'"),
            postgresql_where=sa.text("state = 'next'"),
        )
        batch_op.drop_index(
            "uq_instance_key_current",
            sqlite_where=sa.text("state = 'current'"),
            postgresql_where=sa.text("state = 'current'"),
        )
        batch_op.drop_index(batch_op.f("ix_instance_key_instance_id"))

    op.drop_table("instance_key")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_connection_open_name",
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )
        batch_op.drop_index("ix_connection_updated")
        batch_op.drop_index("ix_connection_shared")
        batch_op.drop_index("ix_connection_name")
        batch_op.drop_index("ix_connection_created")
        batch_op.drop_index("ix_connection_all_created")

    op.drop_table("connection")
    op.drop_table("service_token")
    with op.batch_alter_table("seen_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seen_token_expires_at"))

    op.drop_table("seen_token")
    op.drop_table("node_secret")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_job_open",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_job_set", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )
        batch_op.drop_index(
            "ix_job_due", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_job_done_at"))

    op.drop_table("job")
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instance_url"))

    op.drop_table("instance")
    with op.batch_alter_table("guess_count", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guess_count_ends_at"))

    op.drop_table("guess_count")
    with op.batch_alter_table("cached_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cached_document_fetched_at"))

    op.drop_table("cached_document")
