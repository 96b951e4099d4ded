"""accounting connections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import db.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorisation",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Enum("xero", "sage", name="provider", native_enum=False, length=40), nullable=False),
        sa.Column("provider_user_id", sa.Text(), nullable=False),
        sa.Column("access_token", sa.LargeBinary(), nullable=False),
        sa.Column("access_expires_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=False),
        sa.Column("previous_refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refreshing_until", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("refresh_sent_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dead_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("checked_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_authorisation_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_authorisation_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation")),
        sa.UniqueConstraint(
            "practice_id",
            "provider",
            "provider_user_id",
            name=op.f("uq_authorisation_practice_id_provider_provider_user_id"),
        ),
    )
    with op.batch_alter_table("authorisation", schema=None) as batch_op:
        batch_op.create_index("ix_authorisation_colleague_id", ["colleague_id"], unique=False)

    op.create_table(
        "oauth_state",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Enum("xero", "sage", name="provider", native_enum=False, length=40), nullable=False),
        sa.Column("purpose", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_oauth_state_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_oauth_state_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_state")),
    )
    with op.batch_alter_table("oauth_state", schema=None) as batch_op:
        batch_op.create_index("ix_oauth_state_colleague_id", ["colleague_id"], unique=False)
        batch_op.create_index("ix_oauth_state_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_oauth_state_practice_id", ["practice_id"], unique=False)

    op.create_table(
        "connection",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Enum("xero", "sage", name="provider", native_enum=False, length=40), nullable=False),
        sa.Column("authorisation_id", sa.Uuid(), nullable=False),
        sa.Column("provider_connection_id", sa.Text(), nullable=True),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum("connected", "expired", "disconnected", name="connectionstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("connected_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorisation_id"], ["authorisation.id"], name=op.f("fk_connection_authorisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_connection_client_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_connection_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("client_id", name=op.f("uq_connection_client_id")),
        sa.UniqueConstraint(
            "practice_id", "provider", "tenant_id", name=op.f("uq_connection_practice_id_provider_tenant_id")
        ),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index("ix_connection_authorisation_id", ["authorisation_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index("ix_connection_authorisation_id")

    op.drop_table("connection")
    with op.batch_alter_table("oauth_state", schema=None) as batch_op:
        batch_op.drop_index("ix_oauth_state_practice_id")
        batch_op.drop_index("ix_oauth_state_expires_at")
        batch_op.drop_index("ix_oauth_state_colleague_id")

    op.drop_table("oauth_state")
    with op.batch_alter_table("authorisation", schema=None) as batch_op:
        batch_op.drop_index("ix_authorisation_colleague_id")

    op.drop_table("authorisation")
