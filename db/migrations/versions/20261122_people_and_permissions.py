"""people and permissions."""

import sqlalchemy as sa
from alembic import op

import db.base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_APPEND_ONLY = {
    "sqlite": (
        """
        CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
        WHEN EXISTS (SELECT 1 FROM practice WHERE id = OLD.practice_id)
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry
        WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM practice WHERE id = OLD.practice_id) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'The audit trail is append-only';
        END $$
        """,
        """
        CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_is_append_only()
        """,
        """
        CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only()
        """,
    ),
}


def upgrade() -> None:
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_practice_id_action_at", ["practice_id", "action", "at"], unique=False)
        batch_op.create_index(
            "ix_audit_entry_practice_id_colleague_id_at", ["practice_id", "colleague_id", "at"], unique=False
        )

    # App Home counts by these, and lists the newest clients.
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index("ix_client_practice_id_created_at", ["practice_id", "created_at"], unique=False)

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index("ix_connection_practice_id_status", ["practice_id", "status"], unique=False)

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_practice_id_status")
        batch_op.create_index(
            "ix_invitation_practice_id_status_expires_at", ["practice_id", "status", "expires_at"], unique=False
        )

    with op.batch_alter_table("client_access", schema=None) as batch_op:
        batch_op.add_column(sa.Column("until", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_client_access_until",
            ["until"],
            unique=False,
            postgresql_where=sa.text("until IS NOT NULL"),
            sqlite_where=sa.text("until IS NOT NULL"),
        )

    with op.batch_alter_table("colleague", schema=None) as batch_op:
        batch_op.add_column(sa.Column("may_add_clients_until", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("left_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("home_watched_until", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("home_built_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("home_digest", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_colleague_home_watched_until",
            ["home_watched_until"],
            unique=False,
            postgresql_where=sa.text("home_watched_until IS NOT NULL"),
            sqlite_where=sa.text("home_watched_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_colleague_may_add_clients_until",
            ["may_add_clients_until"],
            unique=False,
            postgresql_where=sa.text("may_add_clients_until IS NOT NULL"),
            sqlite_where=sa.text("may_add_clients_until IS NOT NULL"),
        )

    with op.batch_alter_table("permission_card", schema=None) as batch_op:
        batch_op.alter_column("colleague_id", existing_type=sa.Uuid(), nullable=True)

    with op.batch_alter_table("permission_request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("client_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("bundle", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("draft_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("next_look_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("decision_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("granted_until", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ended_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_check_constraint("client_named", "(client_id IS NOT NULL) = (kind = 'client')")
        batch_op.create_check_constraint("bundle_named", "(bundle IS NOT NULL) = (kind = 'bundle')")
        batch_op.drop_index("uq_permission_request_pending")
        batch_op.create_index(
            "uq_permission_request_pending",
            ["colleague_id", "kind"],
            unique=True,
            postgresql_where=sa.text("status = 'pending' AND client_id IS NULL"),
            sqlite_where=sa.text("status = 'pending' AND client_id IS NULL"),
        )
        batch_op.create_index("ix_permission_request_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_permission_request_colleague_id", ["colleague_id"], unique=False)
        batch_op.create_index(
            "ix_permission_request_next_look_at",
            ["next_look_at"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(
            "uq_permission_request_pending_client",
            ["colleague_id", "client_id"],
            unique=True,
            postgresql_where=sa.text("status = 'pending' AND client_id IS NOT NULL"),
            sqlite_where=sa.text("status = 'pending' AND client_id IS NOT NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_permission_request_client_id"), "client", ["client_id"], ["id"], ondelete="CASCADE"
        )

    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "partner_programme",
                sa.Enum("none", "bookkeeper", "accountant", name="partnerprogramme", native_enum=False, length=40),
                nullable=False,
                server_default="none",
            )
        )
        batch_op.add_column(sa.Column("approvals_channel", sa.Text(), nullable=True))

    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entry_is_append_only() CASCADE")
    else:
        op.execute("DROP TRIGGER audit_entry_no_update")
        op.execute("DROP TRIGGER audit_entry_no_delete")
        op.execute("DROP TRIGGER audit_entry_no_replace")
    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.drop_column("approvals_channel")
        batch_op.drop_column("partner_programme")

    with op.batch_alter_table("permission_request", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_permission_request_client_id"), type_="foreignkey")
        batch_op.drop_constraint("bundle_named", type_="check")
        batch_op.drop_constraint("client_named", type_="check")
        batch_op.drop_index("uq_permission_request_pending")
        batch_op.create_index(
            "uq_permission_request_pending",
            ["colleague_id", "kind"],
            unique=True,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(
            "uq_permission_request_pending_client",
            postgresql_where=sa.text("status = 'pending' AND client_id IS NOT NULL"),
            sqlite_where=sa.text("status = 'pending' AND client_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_permission_request_next_look_at",
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index("ix_permission_request_colleague_id")
        batch_op.drop_index("ix_permission_request_client_id")
        batch_op.drop_column("ended_at")
        batch_op.drop_column("granted_until")
        batch_op.drop_column("decision_reason")
        batch_op.drop_column("next_look_at")
        batch_op.drop_column("draft_id")
        batch_op.drop_column("days")
        batch_op.drop_column("reason")
        batch_op.drop_column("bundle")
        batch_op.drop_column("client_id")

    with op.batch_alter_table("permission_card", schema=None) as batch_op:
        batch_op.alter_column("colleague_id", existing_type=sa.Uuid(), nullable=False)

    with op.batch_alter_table("colleague", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_colleague_may_add_clients_until",
            postgresql_where=sa.text("may_add_clients_until IS NOT NULL"),
            sqlite_where=sa.text("may_add_clients_until IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_colleague_home_watched_until",
            postgresql_where=sa.text("home_watched_until IS NOT NULL"),
            sqlite_where=sa.text("home_watched_until IS NOT NULL"),
        )
        batch_op.drop_column("home_digest")
        batch_op.drop_column("home_built_at")
        batch_op.drop_column("home_watched_until")
        batch_op.drop_column("left_at")
        batch_op.drop_column("may_add_clients_until")

    with op.batch_alter_table("client_access", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_client_access_until",
            postgresql_where=sa.text("until IS NOT NULL"),
            sqlite_where=sa.text("until IS NOT NULL"),
        )
        batch_op.drop_column("until")

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_practice_id_status_expires_at")
        batch_op.create_index("ix_invitation_practice_id_status", ["practice_id", "status"], unique=False)

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index("ix_connection_practice_id_status")

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index("ix_client_practice_id_created_at")

    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_practice_id_colleague_id_at")
        batch_op.drop_index("ix_audit_entry_practice_id_action_at")
