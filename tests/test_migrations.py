"""The migrations make the very tables that the models describe, and can be taken back."""

from __future__ import annotations

import json

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import JSON, text

from portal.extensions import Model, db


def differences() -> list[object]:
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Model.metadata)


def there_and_back() -> None:
    downgrade(revision="base")
    upgrade()


def from_the_first_on() -> tuple[list[str], int]:
    """Go back to the first tables, put in what a portal of that time held, and come forward again."""
    downgrade(revision="0001")
    made = {"now": "2026-11-01 08:00:00.000000", "later": "2027-11-01 08:00:00.000000"}
    with db.engine.begin() as connection:
        for number in (1, 2):
            connection.execute(text(USER), {"number": number, **made})
            connection.execute(text(LOGIN), {"number": number, **made})
    upgrade()
    with db.engine.connect() as connection:
        names = list(connection.scalars(text("SELECT public_id FROM user_account WHERE every_site ORDER BY id")))
        return names, connection.scalar(text("SELECT count(*) FROM user_session")) or 0


def from_before_the_process_on() -> dict[int, str | None]:
    """Go back to before the booking process, with a cancellation that can still be undone and one that cannot."""
    downgrade(revision="0002")
    with db.engine.begin() as connection:
        for statement in (SITE, PLANNING, POOL):
            connection.execute(text(statement))
        for number, released in ((1, None), (2, "2026-12-01 08:00:00.000000")):
            connection.execute(text(CANCELLED), {"number": number})
            connection.execute(text(HELD), {"number": number, "released": released})
    upgrade()
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT id, undo_until FROM appointment ORDER BY id")).all()
        return {identity: str(until)[:16] if until else None for identity, until in found}


def invited_and_back() -> tuple[dict[int, int | None], dict[int, object]]:
    """Go back to before mails knew their link, with an invitation that waits; come forward, invite again, go back."""
    downgrade(revision="0004")
    with db.engine.begin() as connection:
        for statement in (SITE, ORDER, LINK):
            connection.execute(text(statement))
        for number, link in ((1, 7), (2, 8)):
            connection.execute(text(INVITED), {"number": number, "payload": json.dumps({"link_id": link})})
    upgrade()
    with db.engine.begin() as connection:
        known = {row.id: row.link_id for row in connection.execute(text("SELECT id, link_id FROM outbox"))}
        connection.execute(text(INVITED), {"number": 3, "payload": "{}"})
        connection.execute(text("UPDATE outbox SET link_id = 7 WHERE id = 3"))
    downgrade(revision="0004")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT id, payload FROM outbox").columns(payload=JSON)).all()
    upgrade()
    return known, {row.id: row.payload.get("link_id") for row in rows}


SITE = """INSERT INTO site (id, key, name, address, timezone, policy, active, revision)
VALUES (1, 'bordeaux', 'Bordeaux', '', 'Europe/Paris', '{}', true, 'a')"""
PLANNING = """INSERT INTO planning
(id, key, name, timezone, kinds, guests, slot_minutes, step_minutes, policy, fields, active, revision)
VALUES (1, 'quais', 'Quais', 'Europe/Paris', '[]', true, 60, 30, '{}', '[]', true, 'b')"""
POOL = "INSERT INTO pool (id, planning_id, site_id, active, longest_minutes) VALUES (1, 1, 1, true, 60)"
CANCELLED = """INSERT INTO appointment (id, public_id, generation, reference, site_id, planning_id, status, starts_at,
ends_at, timezone, local_start, units, name, phone, comment, fields, locale, source, overbook_reason, version, sequence,
created_at, updated_at) VALUES (:number, 'id' || :number, 1, 'R' || :number, 1, 1, 'cancelled',
'2026-12-07 07:00:00.000000', '2026-12-07 08:00:00.000000', 'Europe/Paris', '2026-12-07T08:00', 1, '', '', '', '{}',
'fr', 'guest', '', 2, 1, '2026-12-01 07:00:00.000000', '2026-12-01 07:58:00.000000')"""
HELD = """INSERT INTO allocation (id, appointment_id, pool_id, starts_at, ends_at, units, exclusive, taken_until,
released_at) VALUES (:number, :number, 1, '2026-12-07 07:00:00.000000', '2026-12-07 08:00:00.000000', 1, false,
'2026-12-01 08:03:00.000000', CAST(:released AS TIMESTAMP))"""
ORDER = """INSERT INTO orders (id, reference, kind, status, site_id, units, created_at, updated_at)
VALUES (1, 'CMD-1', 'customer', '', 1, '', '2026-12-01 07:00:00.000000', '2026-12-01 07:00:00.000000')"""
LINK = """INSERT INTO link (id, public_id, generation, order_id, created_at)
VALUES (7, 'l7', 1, 1, '2026-12-01 07:00:00.000000')"""
INVITED = """INSERT INTO outbox (id, kind, dedupe, recipient, locale, payload, order_id, state, not_before, attempts,
error, created_at) VALUES (:number, 'booking_invitation', 'invitation:' || :number, 'camille@example.com', 'fr',
:payload, 1, 'waiting', '2026-12-01 07:00:00.000000', 0, '', '2026-12-01 07:00:00.000000')"""
USER = """INSERT INTO user_account (id, email, name, password_hash, role, active, created_at)
VALUES (:number, 'staff-' || :number || '@example.com', '', '!', 'manager', true, :now)"""
LOGIN = """INSERT INTO user_session (token_hash, user_id, created_at, expires_at)
VALUES ('hash-' || :number, :number, :now, :later)"""


def test_accounts_and_logins_of_an_older_portal_stay(do):
    names, logins = do(from_the_first_on)
    assert logins == 2
    assert [len(name) for name in names] == [32, 32]
    assert len(set(names)) == 2


def test_a_cancellation_of_an_older_portal_can_still_be_taken_back(do):
    assert do(from_before_the_process_on) == {1: "2026-12-01 08:03", 2: None}


def test_an_invitation_keeps_its_link_there_and_back(do):
    known, after = do(invited_and_back)
    assert known == {1: 7, 2: None}, "the link of the second was deleted"
    assert after == {1: 7, 2: 8, 3: 7}


def test_the_migrations_make_the_tables_of_the_models(do):
    assert do(differences) == []


def test_every_migration_can_be_taken_back(do):
    do(there_and_back)
    assert do(differences) == []
