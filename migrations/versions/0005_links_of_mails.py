"""Mails know the booking link that they bring, which may be an order's or a service's.

Safe on a live table: outbox gains an empty column and an index, which holds up writers for the moment that it takes to
build; SQLite copies the table. Invitations that were queued before are given their link.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OUTBOX = sa.table(
    "outbox",
    sa.column("id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("payload", sa.JSON),
    sa.column("link_id", sa.Integer),
)
LINK = sa.table("link", sa.column("id", sa.Integer))
NAMED = OUTBOX.c.payload["link_id"].as_integer()
INVITATIONS = OUTBOX.c.kind == "booking_invitation"


def upgrade() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("link_id", sa.Integer(), nullable=True))
        outbox.create_foreign_key(op.f("fk_outbox_link_id_link"), "link", ["link_id"], ["id"], ondelete="CASCADE")
        outbox.create_index(op.f("ix_outbox_link_id"), ["link_id"])
    known = sa.exists().where(LINK.c.id == NAMED)
    op.execute(OUTBOX.update().where(INVITATIONS, known).values(link_id=NAMED))


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'service_invitation'")
    _tell_links_again()
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_index(op.f("ix_outbox_link_id"))
        outbox.drop_constraint(op.f("fk_outbox_link_id_link"), type_="foreignkey")
        outbox.drop_column("link_id")


def _tell_links_again() -> None:
    """Write the links of invitations where they were looked for before."""
    connection = op.get_bind()
    known = sa.select(OUTBOX.c.id, OUTBOX.c.link_id).where(INVITATIONS, OUTBOX.c.link_id.is_not(None))
    told = [{"number": row.id, "given": {"link_id": row.link_id}} for row in connection.execute(known)]
    if told:
        query = OUTBOX.update().where(OUTBOX.c.id == sa.bindparam("number"))
        connection.execute(query.values(payload=sa.bindparam("given")), told)
