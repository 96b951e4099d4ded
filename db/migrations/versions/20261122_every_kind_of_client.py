"""every kind of client."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import db.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_login_session_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index("ix_login_session_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_login_session_login_id", ["login_id"], unique=False)

    op.create_table(
        "import_run",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "checking",
                "refused",
                "checked",
                "importing",
                "finished",
                "cancelled",
                name="importstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("slack_file_id", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("summary", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("counts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("view_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("keep_until", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_import_run_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_import_run_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index("ix_import_run_colleague_id", ["colleague_id"], unique=False)
        batch_op.create_index("ix_import_run_keep_until", ["keep_until"], unique=False)
        batch_op.create_index("ix_import_run_practice_id_state", ["practice_id", "state"], unique=False)

    op.create_table(
        "import_chunk",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.Column("done_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_chunk_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_import_chunk")),
    )
    op.create_table(
        "income_source",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column(
            "business_type",
            sa.Enum("self_employment", "uk_property", name="businesstype", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "accounting_method",
            sa.Enum("cash", "accruals", name="accountingmethod", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "period_type",
            sa.Enum("standard", "calendar", name="periodtype", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_income_source_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_income_source_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_source")),
    )
    with op.batch_alter_table("income_source", schema=None) as batch_op:
        batch_op.create_index("ix_income_source_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_income_source_practice_id_active", ["practice_id", "active"], unique=False)

    op.create_table(
        "solo_details",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("nino", sa.LargeBinary(), nullable=True),
        sa.Column("utr", sa.LargeBinary(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("qualifying_income", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_solo_details_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_solo_details")),
    )
    op.create_table(
        "tax_item",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("side", sa.Enum("costs", "sales", name="taxside", native_enum=False, length=40), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("entry_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_tax_item_client_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["colleague.id"], name=op.f("fk_tax_item_created_by")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_tax_item_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_item")),
        sa.UniqueConstraint("client_id", "entry_key", name=op.f("uq_tax_item_client_id_entry_key")),
    )
    with op.batch_alter_table("tax_item", schema=None) as batch_op:
        batch_op.create_index("ix_tax_item_client_id_dated_on", ["client_id", "dated_on"], unique=False)
        batch_op.create_index("ix_tax_item_practice_id", ["practice_id"], unique=False)

    op.create_table(
        "practice_offer",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("from_practice_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("client_user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "accepted",
                "declined",
                "withdrawn",
                "expired",
                name="offerstatus",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_practice_offer_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_user_id"], ["client_user.id"], name=op.f("fk_practice_offer_client_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["colleague.id"], name=op.f("fk_practice_offer_decided_by")),
        sa.ForeignKeyConstraint(
            ["from_practice_id"], ["practice.id"], name=op.f("fk_practice_offer_from_practice_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_practice_offer_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_offer")),
    )
    with op.batch_alter_table("practice_offer", schema=None) as batch_op:
        batch_op.create_index("ix_practice_offer_client_user_id", ["client_user_id"], unique=False)
        batch_op.create_index("ix_practice_offer_from_practice_id", ["from_practice_id"], unique=False)
        batch_op.create_index("ix_practice_offer_practice_id_status", ["practice_id", "status"], unique=False)
        batch_op.create_index(
            "uq_practice_offer_pending",
            ["client_id"],
            unique=True,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "practice_offer_card",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_practice_offer_card_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["practice_offer.id"], name=op.f("fk_practice_offer_card_offer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_offer_card")),
    )
    with op.batch_alter_table("practice_offer_card", schema=None) as batch_op:
        batch_op.create_index("ix_practice_offer_card_offer_id", ["offer_id"], unique=False)

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("country", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("base_currency", sa.Text(), nullable=True))

    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("has_login_access", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("may_manage_documents", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(
            sa.Column("may_create_expense_claims", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column(
                "may_publish",
                sa.Enum("all", "expense_claims", "none", name="publishing", native_enum=False, length=40),
                nullable=False,
                server_default="none",
            )
        )
        batch_op.add_column(sa.Column("deactivated_at", db.base.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.drop_column("deactivated_at")
        batch_op.drop_column("may_publish")
        batch_op.drop_column("may_create_expense_claims")
        batch_op.drop_column("may_manage_documents")
        batch_op.drop_column("has_login_access")

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_column("base_currency")
        batch_op.drop_column("country")

    with op.batch_alter_table("practice_offer_card", schema=None) as batch_op:
        batch_op.drop_index("ix_practice_offer_card_offer_id")

    op.drop_table("practice_offer_card")
    with op.batch_alter_table("practice_offer", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_practice_offer_pending",
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index("ix_practice_offer_practice_id_status")
        batch_op.drop_index("ix_practice_offer_from_practice_id")
        batch_op.drop_index("ix_practice_offer_client_user_id")

    op.drop_table("practice_offer")
    with op.batch_alter_table("tax_item", schema=None) as batch_op:
        batch_op.drop_index("ix_tax_item_practice_id")
        batch_op.drop_index("ix_tax_item_client_id_dated_on")

    op.drop_table("tax_item")
    op.drop_table("solo_details")
    with op.batch_alter_table("income_source", schema=None) as batch_op:
        batch_op.drop_index("ix_income_source_practice_id_active")
        batch_op.drop_index("ix_income_source_client_id")

    op.drop_table("income_source")
    op.drop_table("import_chunk")
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.drop_index("ix_import_run_practice_id_state")
        batch_op.drop_index("ix_import_run_keep_until")
        batch_op.drop_index("ix_import_run_colleague_id")

    op.drop_table("import_run")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index("ix_login_session_login_id")
        batch_op.drop_index("ix_login_session_expires_at")

    op.drop_table("login_session")
