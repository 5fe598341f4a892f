"""The migrations make the very tables that the models describe, and can be taken back."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from portal.extensions import Model, db


def differences() -> list[object]:
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Model.metadata)


def there_and_back() -> None:
    downgrade(revision="base")
    upgrade()


def test_the_migrations_make_the_tables_of_the_models(do):
    assert do(differences) == []


def test_every_migration_can_be_taken_back(do):
    do(there_and_back)
    assert do(differences) == []
