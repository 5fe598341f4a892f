"""Orders from a file: sent, its columns named, looked at, and imported as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.extensions import reading, retried, transaction
from portal.models import ColumnName, Site, Upload
from portal.operations import audit, import_plans, import_writes, place_cards, spreadsheets, tokens
from portal.operations.actors import Actor
from portal.operations.import_columns import Choices, folded, guess
from portal.operations.import_lines import Reader
from portal.operations.import_plans import Plan, Planner, Sites
from portal.operations.order_customers import upsert
from portal.operations.scopes import Scope
from portal.operations.spreadsheets import Table

KEPT = timedelta(days=1)
MOST = 10  # files of one user that wait at the same time
LONGEST_NAME = 120
LONGEST_HEAD = 120


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that its user has not yet decided upon, or has imported: ``done`` holds the counts."""

    public_id: str
    name: str
    created_at: datetime
    done: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was sent, and how it is to be read: as was chosen, or as can be guessed (``chosen`` is False)."""

    file: Waiting
    table: Table
    choices: Choices
    chosen: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do now."""

    opened: Opened
    plan: Plan


@retried
def keep(name: str, content: bytes, user_id: int, *, now: datetime) -> str:
    """Keep a file for its user, and give its public id. Raises Invalid for what cannot be read as a table."""
    packed = spreadsheets.pack(spreadsheets.read(content))
    upload = Upload(
        public_id=tokens.new_public_id(),
        user_id=user_id,
        name=_file_name(name),
        content=packed,
        choices={},
        created_at=now,
    )
    with transaction() as session:
        session.add(upload)
        session.flush()
        kept = select(Upload.id).where(Upload.user_id == user_id).order_by(Upload.id.desc()).limit(MOST)
        session.execute(delete(Upload).where(Upload.user_id == user_id, Upload.id.not_in(kept)))
    return upload.public_id


def _file_name(name: str) -> str:
    """Keep of a file's name what can be shown: no folders, nothing that cannot be read."""
    plain = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in plain if letter.isprintable()).strip()[-LONGEST_NAME:] or "–"


def of_user(user_id: int) -> list[Waiting]:
    """List the files that a user sent in the last day, newest first."""
    query = select(Upload).where(Upload.user_id == user_id).order_by(Upload.id.desc())
    with reading() as session:
        columns = (Upload.public_id, Upload.name, Upload.created_at, Upload.choices)
        return [_waiting(row) for row in session.execute(query.with_only_columns(*columns))]


def _waiting(row: Any) -> Waiting:
    return Waiting(row.public_id, row.name, row.created_at, row.choices.get("done"))


def get(public_id: str, user_id: int) -> Opened:
    """Open a file of a user. Raises NotFound, also for one of somebody else; StateChanged when it is imported."""
    with reading() as session:
        return _opened(session, session.scalar(_mine(public_id, user_id)))


def _mine(public_id: str, user_id: int) -> Any:
    return select(Upload).where(Upload.public_id == public_id, Upload.user_id == user_id)


def _opened(session: Session, upload: Upload | None) -> Opened:
    if upload is None:
        raise NotFound
    file = _waiting(upload)
    if file.done is not None:
        raise StateChanged(done=file.done)
    table = spreadsheets.unpack(upload.content)
    if chosen := upload.choices.get("choices"):
        return Opened(file, table, Choices.of(chosen), True)
    return Opened(file, table, Choices(guess(table.head, _remembered(session, table))), False)


def _remembered(session: Session, table: Table) -> dict[str, str]:
    heads = {_head(text) for text in table.head}
    query = select(ColumnName.head, ColumnName.field).where(ColumnName.head.in_(heads))
    return {row.head: row.field for row in session.execute(query)}


def _head(text: str) -> str:
    return folded(text)[:LONGEST_HEAD]


def result(public_id: str, user_id: int) -> Waiting:
    """Say what an import has done. Raises NotFound, also for a file that is not imported."""
    with reading() as session:
        upload = session.scalar(_mine(public_id, user_id))
    if upload is None or upload.choices.get("done") is None:
        raise NotFound
    return _waiting(upload)


@retried
def choose(public_id: str, user_id: int, choices: Choices) -> None:
    """Say how a file is to be read. Raises Invalid naming the field or the column, NotFound, StateChanged."""
    with transaction() as session:
        upload = session.scalar(_mine(public_id, user_id).with_for_update())
        choices.check(len(_opened(session, upload).table.head))
        session.execute(
            update(Upload).where(Upload.public_id == public_id).values(choices={"choices": choices.plain()})
        )


@retried
def discard(public_id: str, user_id: int) -> None:
    """Throw a file away. One that is gone already stays gone."""
    with transaction() as session:
        session.execute(delete(Upload).where(Upload.public_id == public_id, Upload.user_id == user_id))


def preview(public_id: str, user_id: int, *, scope: Scope, now: datetime) -> Preview:
    """Work out what the import would do. Raises NotFound, StateChanged when it is done, Invalid before it is chosen."""
    with reading() as session:
        opened = _opened(session, session.scalar(_mine(public_id, user_id)))
        if not opened.chosen:
            raise Invalid(field="columns", problem="required")
        return Preview(opened, _plan(session, opened, scope, now, lock=False))


def _plan(session: Session, opened: Opened, scope: Scope, now: datetime, *, lock: bool) -> Plan:
    choices, sites = opened.choices, _sites(session, scope)
    reader = Reader(choices, sites.offered)
    reads = [reader.read(line) for line in opened.table.lines]
    entries, people = import_plans.stored_state(session, reads, lock=lock)
    plan = Planner(choices, sites, scope, entries, people).plan(reads)
    if choices.invite:
        plan.invited = import_writes.to_invite(session, plan, now)
    return plan


def _sites(session: Session, scope: Scope) -> Sites:
    rows = session.execute(select(Site.id, Site.revision, Site.active)).all()
    cards = {row.id: place_cards.site_card(session, row.id, row.revision) for row in rows}
    offered = [cards[row.id] for row in rows if row.active and scope.sees(row.id)]
    return Sites(offered, {number: card.zone for number, card in cards.items()})


@retried
def confirm(
    public_id: str, user_id: int, seen: str, *, by: Actor, scope: Scope, now: datetime, skip: bool = False
) -> Mapping[str, int]:
    """Import a file as its preview showed it, all of it or nothing, and give the counts.

    ``seen`` is the signature of the plan that was shown; ``skip`` leaves the wrong lines out. A second time gives the
    counts of the first. Raises Invalid (wrong lines not left out, or the signature is no longer that of the plan).
    """
    with transaction(["import"]) as session:  # one at a time: two files may speak of the same orders
        upload = session.scalar(_mine(public_id, user_id).with_for_update())
        if upload is not None and (done := upload.choices.get("done")) is not None:
            return dict(done)
        opened = _opened(session, upload)
        plan = _plan(session, opened, scope, now, lock=True)
        if plan.signature != seen:
            raise Invalid(field="seen", problem="changed_meanwhile")
        if plan.wrong and not skip:
            raise Invalid(field="skip", problem="wrong_lines")
        import_writes.write(session, plan, now)
        _remember(session, opened)
        _note(session, opened, plan, by, now)
        values = {"choices": {"done": plan.counts}, "content": b""}
        session.execute(update(Upload).where(Upload.public_id == public_id).values(values))
        return plan.counts


def _remember(session: Session, opened: Opened) -> None:
    """Remember what the heads were taken for: the next file of the same kind needs no naming."""
    heads = {_head(opened.table.head[place]): field for place, field in opened.choices.columns.items()}
    rows = [{"head": head, "field": field} for head, field in sorted(heads.items()) if head]
    if rows:
        made = upsert(session, ColumnName)
        kept = made.on_conflict_do_update(index_elements=["head"], set_={"field": made.excluded.field})
        session.connection().execute(kept, rows)


def _note(session: Session, opened: Opened, plan: Plan, by: Actor, now: datetime) -> None:
    heads = opened.table.head
    columns = {field: heads[place] for place, field in opened.choices.columns.items()}
    after = {**plan.counts, "columns": columns, "known": opened.choices.known}
    audit.record(session, by, "imported", "import", opened.file.public_id, now, label=opened.file.name, after=after)


@retried
def forget_old(now: datetime) -> int:
    """Delete the files that were sent more than a day ago, and count them."""
    with transaction(repeatable=True) as session:
        gone: Sequence[int] = session.scalars(
            delete(Upload).where(Upload.created_at < now - KEPT).returning(Upload.id)
        ).all()
        return len(gone)
