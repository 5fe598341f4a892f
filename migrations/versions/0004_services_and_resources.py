"""Services, people, rooms and equipment: what they are, what appointments have of them, links that book a service.

Safe on a live table: appointment, site and the openings gain columns that are empty or have a constant default; the
pools and links, small tables, may now belong to something else than a planning or an order, and each row is looked at
once. Appointment gets its column in plain SQL, so that SQLite need not copy the table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

POOL = (
    "(planning_id IS NOT NULL AND site_id IS NOT NULL AND service_id IS NULL AND resource_id IS NULL)"
    " OR (service_id IS NOT NULL AND site_id IS NOT NULL AND planning_id IS NULL AND resource_id IS NULL)"
    " OR (resource_id IS NOT NULL AND site_id IS NULL AND planning_id IS NULL AND service_id IS NULL)"
)
LINK = (
    "(order_id IS NOT NULL AND site_id IS NULL AND service_id IS NULL)"
    " OR (order_id IS NULL AND site_id IS NOT NULL AND service_id IS NOT NULL)"
)
SERVICE = "ADD COLUMN service_id INTEGER CONSTRAINT fk_appointment_service_id_service REFERENCES service (id)"
REGION = "ADD COLUMN region_id INTEGER CONSTRAINT fk_site_region_id_region REFERENCES region (id)"
NEW_TABLES = (
    *("assignment", "absence", "resource_planning", "resource_site", "resource", "skill"),
    *("service", "service_group", "region"),
)


def upgrade() -> None:
    _create_services()
    _create_resources()
    _open_pools()
    _open_links()
    op.execute(f"ALTER TABLE appointment {SERVICE}")
    op.add_column("appointment", _number("iterations", 1))
    op.create_index(op.f("ix_appointment_service_id"), "appointment", ["service_id"])
    op.execute(f"ALTER TABLE site {REGION}")
    op.add_column("site", _number("feed_generation", 1))
    op.create_index(op.f("ix_site_region_id"), "site", ["region_id"])
    for table in ("weekly_opening", "exceptional_opening"):
        op.add_column(table, sa.Column("services", sa.JSON(), nullable=False, server_default="[]"))


def _open_pools() -> None:
    with op.batch_alter_table("pool") as pool:
        pool.alter_column("planning_id", existing_type=sa.Integer(), nullable=True)
        pool.alter_column("site_id", existing_type=sa.Integer(), nullable=True)
        pool.add_column(sa.Column("service_id", sa.Integer(), nullable=True))
        pool.add_column(sa.Column("resource_id", sa.Integer(), nullable=True))
        for name in ("service", "resource"):
            pool.create_foreign_key(op.f(f"fk_pool_{name}_id_{name}"), name, [f"{name}_id"], ["id"], ondelete="CASCADE")
        pool.create_unique_constraint(op.f("uq_pool_service_id_site_id"), ["service_id", "site_id"])
        pool.create_unique_constraint(op.f("uq_pool_resource_id"), ["resource_id"])
        pool.create_check_constraint(op.f("ck_pool_subject"), POOL)


def _open_links() -> None:
    with op.batch_alter_table("link") as link:
        link.alter_column("order_id", existing_type=sa.Integer(), nullable=True)
        link.add_column(sa.Column("site_id", sa.Integer(), nullable=True))
        link.add_column(sa.Column("service_id", sa.Integer(), nullable=True))
        for name in ("site", "service"):
            link.create_foreign_key(op.f(f"fk_link_{name}_id_{name}"), name, [f"{name}_id"], ["id"], ondelete="CASCADE")
            link.create_index(op.f(f"ix_link_{name}_id"), [f"{name}_id"])
        link.create_check_constraint(op.f("ck_link_subject"), LINK)


def _create_services() -> None:
    op.create_table(
        "service_group",
        *_named("service_group", sa.JSON()),
        _number("position"),
    )
    op.create_table(
        "region",
        *_named("region", sa.String(length=120)),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        # Checked at the end: regions are copied in the order of their numbers, and a part may be older than its whole.
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["region.id"],
            name=op.f("fk_region_parent_id_region"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_table(
        "service",
        *_named("service", sa.JSON()),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("instructions", sa.JSON(), nullable=False),
        sa.Column("price", sa.JSON(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("planning_id", sa.Integer(), nullable=True),
        _number("minutes"),
        _number("step"),
        _number("buffer_before"),
        _number("buffer_after"),
        sa.Column("mode", sa.String(length=9), nullable=False),
        sa.Column("requires", sa.JSON(), nullable=False),
        sa.Column("reservation", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("guests", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["service_group.id"], name=op.f("fk_service_group_id_service_group")),
        sa.ForeignKeyConstraint(["planning_id"], ["planning.id"], name=op.f("fk_service_planning_id_planning")),
        sa.CheckConstraint("minutes > 0 AND step > 0", name=op.f("ck_service_positive")),
        sa.CheckConstraint("buffer_before >= 0 AND buffer_after >= 0", name=op.f("ck_service_buffers")),
        sa.CheckConstraint("mode IN ('in_person', 'phone', 'video')", name=op.f("ck_service_mode")),
    )
    for name in ("group_id", "planning_id"):
        op.create_index(op.f(f"ix_service_{name}"), "service", [name])


def _create_resources() -> None:
    op.create_table(
        "resource",
        *_named("resource", sa.String(length=120)),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("max_per_day", sa.Integer(), nullable=True),
        sa.Column("colour", sa.String(length=7), nullable=False),
        _number("generation"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('staff', 'room', 'asset')", name=op.f("ck_resource_kind")),
        sa.CheckConstraint("persons IS NULL OR persons > 0", name=op.f("ck_resource_persons")),
        sa.CheckConstraint("max_per_day IS NULL OR max_per_day > 0", name=op.f("ck_resource_max_per_day")),
    )
    for name in ("site", "planning"):
        table = f"resource_{name}"
        op.create_table(
            table,
            _number("resource_id"),
            _number(f"{name}_id"),
            _reference(table, "resource"),
            _reference(table, name),
            sa.PrimaryKeyConstraint("resource_id", f"{name}_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{name}_id"), table, [f"{name}_id"])
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        _number("resource_id"),
        sa.Column("starts_local", sa.DateTime(), nullable=False),
        sa.Column("ends_local", sa.DateTime(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("uid", sa.String(length=255), nullable=True),
        _reference("absence", "resource"),
        sa.CheckConstraint("starts_local < ends_local", name=op.f("ck_absence_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_resource_id"), "absence", ["resource_id"])
    op.create_index("uq_absence_resource_id_uid", "absence", ["resource_id", "uid"], unique=True)
    op.create_table("skill", *_named("skill", sa.JSON()))
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        _number("appointment_id"),
        _number("resource_id"),
        sa.Column("requirement", sa.Integer(), nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False),
        _number("units"),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=True),
        _reference("assignment", "appointment"),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_assignment_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_resource_id"), "assignment", ["resource_id"])
    op.create_index(
        "uq_assignment_appointment_id_resource_id", "assignment", ["appointment_id", "resource_id"], unique=True
    )


def _number(name: str, default: int | None = None) -> sa.Column[int]:
    given = {} if default is None else {"server_default": str(default)}
    return sa.Column(name, sa.Integer(), nullable=False, **given)


def _named(table: str, name: sa.types.TypeEngine[object]) -> list[sa.schema.SchemaItem]:
    """Give the columns of what has a key and a name."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("name", name, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("key", name=op.f(f"uq_{table}_key")),
    ]


def _reference(table: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{to}_id"], [f"{to}.id"], name=op.f(f"fk_{table}_{to}_id_{to}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("weekly_opening", "exceptional_opening"):
        with op.batch_alter_table(table) as openings:
            openings.drop_column("services")
    op.execute("DELETE FROM appointment WHERE service_id IS NOT NULL")
    op.execute("DELETE FROM link WHERE order_id IS NULL")
    op.execute("DELETE FROM pool WHERE planning_id IS NULL")
    op.drop_index(op.f("ix_site_region_id"), "site")
    op.drop_index(op.f("ix_appointment_service_id"), "appointment")
    for table, columns in (("site", ("feed_generation", "region_id")), ("appointment", ("iterations", "service_id"))):
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    with op.batch_alter_table("link") as link:
        link.drop_constraint(op.f("ck_link_subject"), type_="check")
        for name in ("site", "service"):
            link.drop_constraint(op.f(f"fk_link_{name}_id_{name}"), type_="foreignkey")
            link.drop_index(op.f(f"ix_link_{name}_id"))
            link.drop_column(f"{name}_id")
        link.alter_column("order_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("pool") as pool:
        pool.drop_constraint(op.f("ck_pool_subject"), type_="check")
        pool.drop_constraint(op.f("uq_pool_service_id_site_id"), type_="unique")
        pool.drop_constraint(op.f("uq_pool_resource_id"), type_="unique")
        for name in ("service", "resource"):
            pool.drop_constraint(op.f(f"fk_pool_{name}_id_{name}"), type_="foreignkey")
            pool.drop_column(f"{name}_id")
        pool.alter_column("planning_id", existing_type=sa.Integer(), nullable=False)
        pool.alter_column("site_id", existing_type=sa.Integer(), nullable=False)
    for name in NEW_TABLES:
        op.drop_table(name)
