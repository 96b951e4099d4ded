"""reminders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import db.base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("colleague_id", sa.Uuid(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum("ahead", "last_day", "expired", "snoozed", name="reminderstage", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("due_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("told_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["colleague_id"], ["colleague.id"], name=op.f("fk_reminder_colleague_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_reminder_invitation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_reminder_practice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "invitation_id", "colleague_id", "due_at", name=op.f("uq_reminder_invitation_id_colleague_id_due_at")
        ),
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index("ix_reminder_practice_id", ["practice_id"], unique=False)
        batch_op.create_index(
            "ix_reminder_untold",
            ["colleague_id", "id"],
            unique=False,
            postgresql_where=sa.text("told_at IS NULL"),
            sqlite_where=sa.text("told_at IS NULL"),
        )

    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mobile", sa.Text(), nullable=True))

    with op.batch_alter_table("colleague", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reminded", sa.Boolean(), nullable=False, server_default=sa.true()))

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mobile", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("next_reminder_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "next_stage",
                sa.Enum("ahead", "last_day", "expired", "snoozed", name="reminderstage", native_enum=False, length=40),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("reminders_stopped", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("next_nudge_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("nudges", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index(
            "ix_invitation_next_nudge_at",
            ["next_nudge_at"],
            unique=False,
            postgresql_where=sa.text("next_nudge_at IS NOT NULL"),
            sqlite_where=sa.text("next_nudge_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_invitation_next_reminder_at",
            ["next_reminder_at"],
            unique=False,
            postgresql_where=sa.text("next_reminder_at IS NOT NULL"),
            sqlite_where=sa.text("next_reminder_at IS NOT NULL"),
        )

    with op.batch_alter_table("invitation_link", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "delivery",
                sa.Enum("queued", "sent", "delivered", "failed", name="delivery", native_enum=False, length=40),
                nullable=False,
                server_default="sent",
            )
        )
        batch_op.add_column(sa.Column("failure", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("message_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("sent_at", db.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_invitation_link_message_id"), ["message_id"])

    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reminds", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(
            sa.Column(
                "reminder_days",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=False,
                server_default="[2, 0]",
            )
        )
        batch_op.add_column(sa.Column("reminder_hour", sa.Integer(), nullable=False, server_default="9"))
        batch_op.add_column(sa.Column("nudges_clients", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.drop_column("nudges_clients")
        batch_op.drop_column("reminder_hour")
        batch_op.drop_column("reminder_days")
        batch_op.drop_column("reminds")

    with op.batch_alter_table("invitation_link", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_invitation_link_message_id"), type_="unique")
        batch_op.drop_column("sent_at")
        batch_op.drop_column("message_id")
        batch_op.drop_column("failure")
        batch_op.drop_column("delivery")

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_invitation_next_reminder_at",
            postgresql_where=sa.text("next_reminder_at IS NOT NULL"),
            sqlite_where=sa.text("next_reminder_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_invitation_next_nudge_at",
            postgresql_where=sa.text("next_nudge_at IS NOT NULL"),
            sqlite_where=sa.text("next_nudge_at IS NOT NULL"),
        )
        batch_op.drop_column("nudges")
        batch_op.drop_column("next_nudge_at")
        batch_op.drop_column("reminders_stopped")
        batch_op.drop_column("next_stage")
        batch_op.drop_column("next_reminder_at")
        batch_op.drop_column("mobile")

    with op.batch_alter_table("colleague", schema=None) as batch_op:
        batch_op.drop_column("reminded")

    with op.batch_alter_table("client_user", schema=None) as batch_op:
        batch_op.drop_column("mobile")

    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_reminder_untold", postgresql_where=sa.text("told_at IS NULL"), sqlite_where=sa.text("told_at IS NULL")
        )
        batch_op.drop_index("ix_reminder_practice_id")

    op.drop_table("reminder")
