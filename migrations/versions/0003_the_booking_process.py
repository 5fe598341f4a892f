"""Requests and moves that wait for an answer, holds, offers of freed places, waiting lists, words of mails.

Safe on a live table: appointment and allocation gain columns that are empty or have a constant default, which neither
database rewrites the table for, and an index over rows of which there are none yet; their constraints are checked
once, by a look at each row. A cancellation that can still be taken back keeps that moment: until now its allocation
told it, from here on the appointment does. The columns with a constraint are added in plain SQL: made anew by a batch,
SQLite's allocation table would lose its triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEEP_UNDO = """UPDATE appointment SET undo_until = (
    SELECT max(allocation.taken_until) FROM allocation
    WHERE allocation.appointment_id = appointment.id AND allocation.released_at IS NULL
) WHERE status = 'cancelled' AND EXISTS (
    SELECT 1 FROM allocation WHERE allocation.appointment_id = appointment.id
    AND allocation.released_at IS NULL AND allocation.taken_until IS NOT NULL
)"""
WANTED = "CONSTRAINT ck_appointment_wanted CHECK ((wanted_start IS NULL) = (wanted_end IS NULL))"
WANTED_END = {
    "sqlite": f"ALTER TABLE appointment ADD COLUMN wanted_end DATETIME {WANTED}",
    "postgresql": f"ALTER TABLE appointment ADD COLUMN wanted_end TIMESTAMP WITH TIME ZONE {WANTED}",
}
ROLE = """ALTER TABLE allocation ADD COLUMN role VARCHAR(6) DEFAULT 'visit' NOT NULL
CONSTRAINT ck_allocation_role CHECK (role IN ('visit', 'wanted', 'held', 'kept'))"""
NEW_TABLES = ("mail_text", "continuation", "offer_stop", "offer", "waiting_entry", "freed_place")


def upgrade() -> None:
    for name in ("undo_until", "answer_by", "wanted_start"):
        op.add_column("appointment", sa.Column(name, INSTANT, nullable=True))
    op.execute(WANTED_END[op.get_bind().dialect.name])
    op.execute(ROLE)
    op.add_column("site", sa.Column("notices", sa.JSON(), nullable=False, server_default="{}"))
    answer = sa.text("answer_by IS NOT NULL")
    op.create_index(
        "ix_appointment_unanswered", "appointment", ["answer_by"], sqlite_where=answer, postgresql_where=answer
    )
    op.execute(KEEP_UNDO)
    _create_freed_places()
    _create_waiting_list()
    _create_offers()
    _create_continuations()
    _create_mail_texts()


def _create_freed_places() -> None:
    op.create_table(
        "freed_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("kept_until", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "cause IN ('cancelled', 'declined', 'expired', 'moved', 'claimed')", name=op.f("ck_freed_place_cause")
        ),
        sa.CheckConstraint("state IN ('waiting', 'offered', 'done')", name=op.f("ck_freed_place_state")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_freed_place_ordered")),
        _reference("freed_place", "pool", "CASCADE"),
        _reference("freed_place", "appointment", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freed_place")),
    )
    op.create_index(op.f("ix_freed_place_pool_id"), "freed_place", ["pool_id"])
    op.create_index(op.f("ix_freed_place_appointment_id"), "freed_place", ["appointment_id"])
    due = sa.text("state <> 'done'")
    op.create_index("ix_freed_place_due", "freed_place", ["not_before"], sqlite_where=due, postgresql_where=due)


def _create_waiting_list() -> None:
    op.create_table(
        "waiting_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'served', 'left', 'over')", name=op.f("ck_waiting_entry_state")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_waiting_entry_ordered")),
        sa.CheckConstraint("units > 0", name=op.f("ck_waiting_entry_units")),
        _reference("waiting_entry", "pool", "CASCADE"),
        _reference("waiting_entry", "link", "CASCADE"),
        _reference("waiting_entry", "appointment", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_waiting_entry_public_id")),
    )
    op.create_index("ix_waiting_entry_pool_id_first_day", "waiting_entry", ["pool_id", "first_day"])
    for name in ("link_id", "email", "appointment_id"):
        op.create_index(op.f(f"ix_waiting_entry_{name}"), "waiting_entry", [name])


def _create_offers() -> None:
    op.create_table(
        "offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("freed_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("waiting_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("allocation_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('open', 'claimed', 'lapsed', 'withdrawn')", name=op.f("ck_offer_state")),
        sa.CheckConstraint("(appointment_id IS NULL) <> (waiting_id IS NULL)", name=op.f("ck_offer_whose")),
        sa.ForeignKeyConstraint(
            ["freed_id"], ["freed_place.id"], name=op.f("fk_offer_freed_id_freed_place"), ondelete="CASCADE"
        ),
        _reference("offer", "appointment", "CASCADE"),
        sa.ForeignKeyConstraint(
            ["waiting_id"], ["waiting_entry.id"], name=op.f("fk_offer_waiting_id_waiting_entry"), ondelete="CASCADE"
        ),
        _reference("offer", "allocation", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("public_id", name=op.f("uq_offer_public_id")),
        sa.UniqueConstraint("appointment_id", "offered_on", name=op.f("uq_offer_appointment_id_offered_on")),
        sa.UniqueConstraint("waiting_id", "offered_on", name=op.f("uq_offer_waiting_id_offered_on")),
    )
    for name in ("freed_id", "allocation_id"):
        op.create_index(op.f(f"ix_offer_{name}"), "offer", [name])
    still = sa.text("state = 'open'")
    op.create_index("ix_offer_open", "offer", ["expires_at"], sqlite_where=still, postgresql_where=still)
    op.create_table(
        "offer_stop",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_offer_stop")),
    )


def _create_continuations() -> None:
    op.create_table(
        "continuation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=True),
        sa.Column("carried", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        _reference("continuation", "pool", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_continuation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_continuation_public_id")),
    )
    for name in ("pool_id", "email", "expires_at"):
        op.create_index(op.f(f"ix_continuation_{name}"), "continuation", [name])


def _create_mail_texts() -> None:
    op.create_table(
        "mail_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_text")),
        sa.UniqueConstraint("kind", "locale", name=op.f("uq_mail_text_kind_locale")),
    )


def _reference(table: str, to: str, on_delete: str) -> sa.ForeignKeyConstraint:
    column = f"{to}_id"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=on_delete)


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    op.drop_index("ix_appointment_unanswered", table_name="appointment")
    op.drop_column("site", "notices")
    op.drop_column("allocation", "role")
    for name in ("wanted_end", "wanted_start", "answer_by", "undo_until"):
        op.drop_column("appointment", name)
