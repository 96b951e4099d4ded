"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import db.base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "install_state",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_install_state")),
    )
    op.create_table(
        "job",
        sa.Column(
            "lane",
            sa.Enum("slack", "mail", "sms", "provider", "local", name="lane", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("args", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("due", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=True),
        sa.Column("pace", sa.Text(), nullable=True),
        sa.Column("slot", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("done", "failed", "cancelled", name="joboutcome", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_job_batch",
            ["batch"],
            unique=False,
            postgresql_where=sa.text("batch IS NOT NULL"),
            sqlite_where=sa.text("batch IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_job_failed",
            ["finished_at"],
            unique=False,
            postgresql_where=sa.text("outcome = 'failed'"),
            sqlite_where=sa.text("outcome = 'failed'"),
        )
        batch_op.create_index(
            "ix_job_lane_due",
            ["lane", "due"],
            unique=False,
            postgresql_where=sa.text("due IS NOT NULL"),
            sqlite_where=sa.text("due IS NOT NULL"),
        )

    op.create_table(
        "login",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("email_key", name=op.f("uq_login_email_key")),
    )
    op.create_table(
        "pace",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("next_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("held_until", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pace")),
    )
    op.create_table(
        "practice",
        sa.Column("slack_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "region",
            sa.Enum("uk", "us", "ca", "ie", "au", "nz", "za", "other", name="region", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("plan", sa.Enum("essentials", "advanced", name="plan", native_enum=False, length=40), nullable=False),
        sa.Column("bundle", sa.Integer(), nullable=False),
        sa.Column("has_dhi", sa.Boolean(), nullable=False),
        sa.Column("client_defaults", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("set_up_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("uninstalled_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("bundle >= 0", name=op.f("ck_practice_bundle_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice")),
        sa.UniqueConstraint("address", name=op.f("uq_practice_address")),
        sa.UniqueConstraint("slack_key", name=op.f("uq_practice_slack_key")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=True),
        sa.Column(
            "source",
            sa.Enum("slack", "web", "worker", "operator", name="source", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_audit_entry_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_practice_id_at", ["practice_id", "at"], unique=False)
        batch_op.create_index("ix_audit_entry_subject_id", ["subject_id"], unique=False)

    op.create_table(
        "colleague",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("practice_admin", "client_admin", "standard", name="role", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("may_add_clients", sa.Boolean(), nullable=False),
        sa.Column("may_see_insights", sa.Boolean(), nullable=False),
        sa.Column("runs_workspace", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_colleague_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_colleague")),
        sa.UniqueConstraint("practice_id", "slack_user_id", name=op.f("uq_colleague_practice_id_slack_user_id")),
    )
    op.create_table(
        "installation",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("bot_token", sa.LargeBinary(), nullable=False),
        sa.Column("bot_user_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installed_by", sa.Text(), nullable=False),
        sa.Column("installed_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_installation_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        sa.UniqueConstraint("practice_id", name=op.f("uq_installation_practice_id")),
    )
    op.create_table(
        "team",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name=op.f("fk_team_practice_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("practice_id", "name", name=op.f("uq_team_practice_id_name")),
    )
    op.create_table(
        "client",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("practice_code", sa.Text(), nullable=True),
        sa.Column("code_key", sa.Text(), nullable=True),
        sa.Column("bare_code", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("kind", sa.Enum("business", "solo", name="clientkind", native_enum=False, length=40), nullable=False),
        sa.Column(
            "solutions",
            sa.Enum("bookkeeping", "bookkeeping_dhi", name="solutions", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("software", sa.Enum("later", "none", name="software", native_enum=False, length=40), nullable=False),
        sa.Column(
            "tax_categories",
            sa.Enum("schedule_c", "t2125", name="taxcategories", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("account_manager_id", sa.Uuid(), nullable=True),
        sa.Column("extract_name", sa.Text(), nullable=False),
        sa.Column("applied_defaults", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_manager_id"], ["colleague.id"], name=op.f("fk_client_account_manager_id")),
        sa.ForeignKeyConstraint(["created_by"], ["colleague.id"], name=op.f("fk_client_created_by")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_client_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_client_draft_id")),
        sa.UniqueConstraint("extract_name", name=op.f("uq_client_extract_name")),
        sa.UniqueConstraint("practice_id", "code_key", name=op.f("uq_client_practice_id_code_key")),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index("ix_client_account_manager_id", ["account_manager_id"], unique=False)
        batch_op.create_index("ix_client_created_by", ["created_by"], unique=False)
        batch_op.create_index("ix_client_practice_id_bare_code", ["practice_id", "bare_code"], unique=False)
        batch_op.create_index("ix_client_practice_id_deactivated_at", ["practice_id", "deactivated_at"], unique=False)
        batch_op.create_index("ix_client_practice_id_name_key", ["practice_id", "name_key"], unique=False)

    op.create_table(
        "permission_request",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("add_clients", name="permissionkind", native_enum=False, length=40), nullable=False),
        sa.Column(
            "status",
            sa.Enum("pending", "approved", "declined", name="requeststatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_permission_request_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["colleague.id"], name=op.f("fk_permission_request_decided_by")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_permission_request_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission_request")),
    )
    with op.batch_alter_table("permission_request", schema=None) as batch_op:
        batch_op.create_index("ix_permission_request_practice_id_status", ["practice_id", "status"], unique=False)
        batch_op.create_index(
            "uq_permission_request_pending",
            ["colleague_id", "kind"],
            unique=True,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_team_member_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "colleague_id", name=op.f("pk_team_member")),
    )
    op.create_table(
        "client_access",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(colleague_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_client_access_one_grantee")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_access_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_client_access_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_client_access_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_access")),
        sa.UniqueConstraint("client_id", "colleague_id", name=op.f("uq_client_access_client_id_colleague_id")),
        sa.UniqueConstraint("client_id", "team_id", name=op.f("uq_client_access_client_id_team_id")),
    )
    with op.batch_alter_table("client_access", schema=None) as batch_op:
        batch_op.create_index("ix_client_access_colleague_id", ["colleague_id"], unique=False)
        batch_op.create_index("ix_client_access_team_id", ["team_id"], unique=False)

    op.create_table(
        "client_user",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("login_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("business_admin", "user_admin", "standard", name="clientrole", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("is_owner", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_user_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_client_user_login_id")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_client_user_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_user")),
        sa.UniqueConstraint("client_id", "email_key", name=op.f("uq_client_user_client_id_email_key")),
    )
    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.create_index("ix_client_user_login_id", ["login_id"], unique=False)
        batch_op.create_index("ix_client_user_practice_id_email_key", ["practice_id", "email_key"], unique=False)
        batch_op.create_index(
            "uq_client_user_owner",
            ["client_id"],
            unique=True,
            postgresql_where=sa.text("is_owner"),
            sqlite_where=sa.text("is_owner"),
        )

    op.create_table(
        "draft",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("wizard", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_draft_client_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_draft_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_draft_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index("ix_draft_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_draft_practice_id", ["practice_id"], unique=False)
        batch_op.create_index(
            "uq_draft_open",
            ["colleague_id", "wizard"],
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
            sqlite_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "permission_card",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_permission_card_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["permission_request.id"], name=op.f("fk_permission_card_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission_card")),
        sa.UniqueConstraint("request_id", "colleague_id", name=op.f("uq_permission_card_request_id_colleague_id")),
    )
    op.create_table(
        "invitation",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("client_user_id", sa.Uuid(), nullable=False),
        sa.Column("inviter_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sent",
                "failed",
                "opened",
                "accepted",
                "expired",
                "superseded",
                "revoked",
                name="invitationstatus",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("opened_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("renewal_asked_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invitation_client_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["client_user_id"], ["client_user.id"], name=op.f("fk_invitation_client_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["inviter_id"], ["colleague.id"], name=op.f("fk_invitation_inviter_id")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_invitation_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index("ix_invitation_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_invitation_client_user_id", ["client_user_id"], unique=False)
        batch_op.create_index("ix_invitation_inviter_id", ["inviter_id"], unique=False)
        batch_op.create_index(
            "ix_invitation_live_expires_at",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
        )
        batch_op.create_index("ix_invitation_practice_id_status", ["practice_id", "status"], unique=False)
        batch_op.create_index(
            "uq_invitation_live",
            ["client_user_id"],
            unique=True,
            postgresql_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
        )

    op.create_table(
        "invitation_link",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Enum("email", "sms", name="channel", native_enum=False, length=40), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_invitation_link_invitation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_link")),
        sa.UniqueConstraint("invitation_id", "channel", name=op.f("uq_invitation_link_invitation_id_channel")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_link_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("invitation_link")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_invitation_live",
            postgresql_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
        )
        batch_op.drop_index("ix_invitation_practice_id_status")
        batch_op.drop_index(
            "ix_invitation_live_expires_at",
            postgresql_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=sa.text("status IN ('queued', 'sent', 'failed', 'opened')"),
        )
        batch_op.drop_index("ix_invitation_inviter_id")
        batch_op.drop_index("ix_invitation_client_user_id")
        batch_op.drop_index("ix_invitation_client_id")

    op.drop_table("invitation")
    op.drop_table("permission_card")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_draft_open", postgresql_where=sa.text("closed_at IS NULL"), sqlite_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index("ix_draft_practice_id")
        batch_op.drop_index("ix_draft_client_id")

    op.drop_table("draft")
    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_client_user_owner", postgresql_where=sa.text("is_owner"), sqlite_where=sa.text("is_owner")
        )
        batch_op.drop_index("ix_client_user_practice_id_email_key")
        batch_op.drop_index("ix_client_user_login_id")

    op.drop_table("client_user")
    with op.batch_alter_table("client_access", schema=None) as batch_op:
        batch_op.drop_index("ix_client_access_team_id")
        batch_op.drop_index("ix_client_access_colleague_id")

    op.drop_table("client_access")
    op.drop_table("team_member")
    with op.batch_alter_table("permission_request", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_permission_request_pending",
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index("ix_permission_request_practice_id_status")

    op.drop_table("permission_request")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index("ix_client_practice_id_name_key")
        batch_op.drop_index("ix_client_practice_id_deactivated_at")
        batch_op.drop_index("ix_client_practice_id_bare_code")
        batch_op.drop_index("ix_client_created_by")
        batch_op.drop_index("ix_client_account_manager_id")

    op.drop_table("client")
    op.drop_table("team")
    op.drop_table("installation")
    op.drop_table("colleague")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_subject_id")
        batch_op.drop_index("ix_audit_entry_practice_id_at")

    op.drop_table("audit_entry")
    op.drop_table("practice")
    op.drop_table("pace")
    op.drop_table("login")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_job_lane_due", postgresql_where=sa.text("due IS NOT NULL"), sqlite_where=sa.text("due IS NOT NULL")
        )
        batch_op.drop_index(
            "ix_job_failed", postgresql_where=sa.text("outcome = 'failed'"), sqlite_where=sa.text("outcome = 'failed'")
        )
        batch_op.drop_index(
            "ix_job_batch", postgresql_where=sa.text("batch IS NOT NULL"), sqlite_where=sa.text("batch IS NOT NULL")
        )

    op.drop_table("job")
    op.drop_table("install_state")
