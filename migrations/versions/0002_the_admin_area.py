"""Rights by site, second factors, settings, the audit log, demand, batches, custom fields.

Safe on a live table: what is added to large tables (appointment, link, planning) are columns with a constant default or
none, which neither database rewrites the table for, and two indexes (event, outbox), which hold up writers for the
seconds that they take to build; what is copied on SQLite (user_account, organisation) is small. Old processes go on
working beside it, for nothing is taken away; only a user that they add meanwhile fails, and is told so.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NAME_USERS = {
    "sqlite": "UPDATE user_account SET public_id = lower(hex(randomblob(16)))",
    "postgresql": "UPDATE user_account SET public_id = replace(gen_random_uuid()::text, '-', '')",
}


def _added() -> dict[str, tuple[sa.Column, ...]]:
    """Make the columns that a table gains as it stands."""
    return {
        "user_session": (
            sa.Column("browser", sa.String(length=200), nullable=False, server_default=""),
            sa.Column("address", sa.String(length=45), nullable=False, server_default=""),
            sa.Column("last_seen_at", INSTANT, nullable=True),
        ),
        "api_key": (sa.Column("last_used_at", INSTANT, nullable=True),),
        "link": (sa.Column("last_used_at", INSTANT, nullable=True),),
        "planning": (sa.Column("fields", sa.JSON(), nullable=False, server_default="[]"),),
        "appointment": (
            sa.Column("fields", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("erased_at", INSTANT, nullable=True),
        ),
    }


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    _widen_users()
    _widen_organisation()
    op.create_table(
        "user_site",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_site_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_user_site_site_id_site"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "site_id", name=op.f("pk_user_site")),
    )
    op.create_index(op.f("ix_user_site_site_id"), "user_site", ["site_id"])
    _create_audit()
    _create_demand()
    _create_batches()
    _create_uploads()
    _watch()


def _widen_users() -> None:
    with op.batch_alter_table("user_account") as table:
        table.add_column(sa.Column("public_id", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("generation", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("link_expires_at", INSTANT, nullable=True))
        table.add_column(sa.Column("every_site", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("totp_nonce", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("recovery", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("last_login_at", INSTANT, nullable=True))
    op.execute(NAME_USERS[op.get_bind().dialect.name])
    with op.batch_alter_table("user_account") as table:
        table.alter_column("public_id", existing_type=sa.String(length=32), nullable=False)
        table.create_unique_constraint(op.f("uq_user_account_public_id"), ["public_id"])


def _widen_organisation() -> None:
    with op.batch_alter_table("organisation") as table:
        table.add_column(sa.Column("sender_name", sa.String(length=120), nullable=False, server_default=""))
        table.add_column(sa.Column("accent", sa.String(length=7), nullable=True))
        table.add_column(sa.Column("logo", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("logo_type", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("texts", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("retention_months", sa.Integer(), nullable=True))
        table.add_column(sa.Column("revision", sa.String(length=32), nullable=False, server_default=""))
        table.create_check_constraint(
            op.f("ck_organisation_retention"), "retention_months IS NULL OR retention_months > 0"
        )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.Column("label", sa.String(length=254), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index(op.f("ix_audit_kind_key"), "audit", ["kind", "key"])


def _create_demand() -> None:
    op.create_table(
        "demand",
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.CheckConstraint("looked >= 0 AND refused >= 0", name=op.f("ck_demand_counts")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_demand_pool_id_pool"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pool_id", "day", name=op.f("pk_demand")),
    )
    op.create_index(op.f("ix_demand_day"), "demand", ["day"])


def _create_batches() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('cancel', 'move')", name=op.f("ck_batch_kind")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'stopped')", name=op.f("ck_batch_state")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_batch_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("public_id", name=op.f("uq_batch_public_id")),
    )
    op.create_index(op.f("ix_batch_site_id"), "batch", ["site_id"])
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_batch_waiting", "batch", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "batch_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused')", name=op.f("ck_batch_line_state")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_line_batch_id_batch"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name=op.f("fk_batch_line_appointment_id_appointment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_line")),
    )
    op.create_index(op.f("ix_batch_line_batch_id"), "batch_line", ["batch_id"])
    op.create_index(op.f("ix_batch_line_appointment_id"), "batch_line", ["appointment_id"])


def _create_uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_upload_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("public_id", name=op.f("uq_upload_public_id")),
    )
    op.create_index(op.f("ix_upload_user_id"), "upload", ["user_id"])
    op.create_index(op.f("ix_upload_created_at"), "upload", ["created_at"])
    op.create_table(
        "column_name",
        sa.Column("head", sa.String(length=120), nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("head", name=op.f("pk_column_name")),
    )


def _watch() -> None:
    """Let the audit log and the page on the system's health read the large tables from their newest end."""
    acted = sa.text("origin IN ('staff', 'api')")
    op.create_index("ix_event_acted", "event", ["at"], sqlite_where=acted, postgresql_where=acted)
    op.create_index("ix_outbox_sent_at", "outbox", ["sent_at"])


def downgrade() -> None:
    op.drop_index("ix_outbox_sent_at", table_name="outbox")
    op.drop_index("ix_event_acted", table_name="event")
    for table in ("column_name", "upload", "batch_line", "batch", "demand", "audit", "user_site"):
        op.drop_table(table)
    with op.batch_alter_table("organisation") as table:
        table.drop_constraint(op.f("ck_organisation_retention"), type_="check")
        for name in ("revision", "retention_months", "texts", "logo_type", "logo", "accent", "sender_name"):
            table.drop_column(name)
    with op.batch_alter_table("user_account") as table:
        table.drop_constraint(op.f("uq_user_account_public_id"), type_="unique")
        for name in ("last_login_at", "recovery", "totp_step", "totp_nonce", "every_site"):
            table.drop_column(name)
        for name in ("link_expires_at", "generation", "public_id"):
            table.drop_column(name)
    for name, columns in _added().items():
        for column in columns:
            op.drop_column(name, column.name)
