"""client sync."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import db.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("account_type", sa.Text(), nullable=True),
        sa.Column("account_class", sa.Text(), nullable=True),
        sa.Column("tax_type", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_account_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "external_id", name=op.f("pk_account")),
    )
    op.create_table(
        "contact",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("is_customer", sa.Boolean(), nullable=False),
        sa.Column("is_supplier", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contact_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "external_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "currency",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_currency_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "external_id", name=op.f("pk_currency")),
    )
    op.create_table(
        "list_refresh",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "list_name",
            sa.Enum(
                "accounts",
                "tax_rates",
                "tracking_categories",
                "currencies",
                "contacts",
                name="standardlist",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_list_refresh_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "list_name", name=op.f("pk_list_refresh")),
    )
    op.create_table(
        "organisation",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("organisation_type", sa.Text(), nullable=True),
        sa.Column("line_of_business", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("year_end_day", sa.Integer(), nullable=True),
        sa.Column("year_end_month", sa.Integer(), nullable=True),
        sa.Column("edition", sa.Text(), nullable=True),
        sa.Column("sales_tax_basis", sa.Text(), nullable=True),
        sa.Column("sales_tax_period", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("short_code", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("refreshed_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_organisation_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "sync_run",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column(
            "action", sa.Enum("add", "reassign", name="syncaction", native_enum=False, length=40), nullable=False
        ),
        sa.Column("provider", sa.Enum("xero", "sage", name="provider", native_enum=False, length=40), nullable=False),
        sa.Column("authorisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("choosing", "running", "finished", name="syncstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "solutions",
            sa.Enum("bookkeeping", "bookkeeping_dhi", name="solutions", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("message_ts", sa.Text(), nullable=True),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorisation_id"], ["authorisation.id"], name=op.f("fk_sync_run_authorisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_sync_run_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_sync_run_practice_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_sync_run_team_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index("ix_sync_run_authorisation_id", ["authorisation_id"], unique=False)
        batch_op.create_index("ix_sync_run_colleague_id", ["colleague_id"], unique=False)
        batch_op.create_index("ix_sync_run_practice_id_state", ["practice_id", "state"], unique=False)
        batch_op.create_index("ix_sync_run_team_id", ["team_id"], unique=False)
        batch_op.create_index(
            "uq_sync_run_choosing",
            ["colleague_id", "action"],
            unique=True,
            postgresql_where=sa.text("state = 'choosing'"),
            sqlite_where=sa.text("state = 'choosing'"),
        )

    op.create_table(
        "tax_rate",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=9, scale=4), nullable=True),
        sa.Column("report_type", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_tax_rate_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "external_id", name=op.f("pk_tax_rate")),
    )
    op.create_table(
        "tracking_category",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_tracking_category_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "external_id", name=op.f("pk_tracking_category")),
    )
    op.create_table(
        "sync_item",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("provider_connection_id", sa.Text(), nullable=True),
        sa.Column(
            "standing",
            sa.Enum(
                "new", "over_bundle", "same_name", "demo", "already", name="standing", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column(
            "choice",
            sa.Enum("leave", "create", "link", "take", name="choice", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "queued",
                "created",
                "linked",
                "skipped",
                "failed",
                "cancelled",
                name="itemstate",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "information",
            sa.Enum("waiting", "queued", "done", "failed", name="informationstate", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_sync_item_client_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["match_id"], ["client.id"], name=op.f("fk_sync_item_match_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_sync_item_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_item")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_sync_item_run_id_position")),
    )
    with op.batch_alter_table("sync_item", schema=None) as batch_op:
        batch_op.create_index("ix_sync_item_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_sync_item_match_id", ["match_id"], unique=False)
        batch_op.create_index("ix_sync_item_run_id_information", ["run_id", "information", "position"], unique=False)
        batch_op.create_index("ix_sync_item_run_id_state", ["run_id", "state", "position"], unique=False)

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refreshes_daily", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("accepted_name", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("accepted_name")
        batch_op.drop_column("refreshes_daily")

    with op.batch_alter_table("sync_item", schema=None) as batch_op:
        batch_op.drop_index("ix_sync_item_run_id_state")
        batch_op.drop_index("ix_sync_item_run_id_information")
        batch_op.drop_index("ix_sync_item_match_id")
        batch_op.drop_index("ix_sync_item_client_id")

    op.drop_table("sync_item")
    op.drop_table("tracking_category")
    op.drop_table("tax_rate")
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sync_run_choosing",
            postgresql_where=sa.text("state = 'choosing'"),
            sqlite_where=sa.text("state = 'choosing'"),
        )
        batch_op.drop_index("ix_sync_run_team_id")
        batch_op.drop_index("ix_sync_run_practice_id_state")
        batch_op.drop_index("ix_sync_run_colleague_id")
        batch_op.drop_index("ix_sync_run_authorisation_id")

    op.drop_table("sync_run")
    op.drop_table("organisation")
    op.drop_table("list_refresh")
    op.drop_table("currency")
    op.drop_table("contact")
    op.drop_table("account")
