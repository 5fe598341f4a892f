"""The migrations make the very tables that the models describe, and can be taken back."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

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


USER = """INSERT INTO user_account (id, email, name, password_hash, role, active, created_at)
VALUES (:number, 'staff-' || :number || '@example.com', '', '!', 'manager', true, :now)"""
LOGIN = """INSERT INTO user_session (token_hash, user_id, created_at, expires_at)
VALUES ('hash-' || :number, :number, :now, :later)"""


def test_accounts_and_logins_of_an_older_portal_stay(do):
    names, logins = do(from_the_first_on)
    assert logins == 2
    assert [len(name) for name in names] == [32, 32]
    assert len(set(names)) == 2


def test_the_migrations_make_the_tables_of_the_models(do):
    assert do(differences) == []


def test_every_migration_can_be_taken_back(do):
    do(there_and_back)
    assert do(differences) == []
