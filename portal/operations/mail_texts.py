"""The words of mails that the company writes in the place of ours: read once per revision, saved one by one.

What is kept was checked when it was saved. It is checked again where it is filled in: words that an older version kept,
or that somebody wrote into the table, cannot stop a mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from portal.config import LOCALES
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.lifecycle import Status
from portal.domain.mail_texts import KINDS, OURS, MailText, checked, name_of
from portal.extensions import reading, retried, transaction
from portal.models import Appointment
from portal.models import MailText as Row
from portal.operations import audit, cards, organisation, outbox
from portal.operations.actors import Actor
from portal.operations.cards import AppointmentCard
from portal.operations.keepsakes import Kept
from portal.operations.once import digest
from portal.operations.organisation import LOCK, Card

KIND = "mail_text"  # in the audit log
TEST = "mail_test"  # of messages
SAMPLES = 8

Texts = Mapping[tuple[str, str], MailText]
"""Words by the name of a mail and a language."""

_kept = Kept(8)


def of(session: Session, company: Card) -> Texts:
    """Give the words of all mails within a caller's session."""
    if not company.revision:
        return {}
    return _kept.get(company.revision, lambda: read(session))


def every() -> Texts:
    """Read the words of all mails as they are now."""
    with reading() as session:
        return read(session)


def one(name: str, locale: str) -> MailText:
    """Read the words of one mail in one language. Raises NotFound for no mail or language of ours."""
    _known(name, locale)
    return every().get((name, locale), OURS)


def read(session: Session) -> Texts:
    """Read the words of all mails within a caller's session, as they are now."""
    rows = session.execute(select(Row.kind, Row.locale, Row.subject, Row.opening))
    return {(row.kind, row.locale): MailText(row.subject, row.opening) for row in rows}


def _known(name: str, locale: str) -> None:
    if name not in KINDS or locale not in LOCALES:
        raise NotFound


def usable(name: str, text: MailText) -> bool:
    """Tell whether words that are kept can be used; where they cannot, ours are sent."""
    try:
        checked(name, text)
    except (Invalid, KeyError):
        return False
    return True


def seal(text: MailText) -> str:
    """Name words by their content: a page that shows others is out of date."""
    return sha256(f"{text.subject}\n{text.opening}".encode()).hexdigest()[:16]


@retried
def save(name: str, locale: str, seen: str, text: MailText, *, now: datetime, by: Actor) -> None:
    """Put the company's words in the place of ours; empty ones give ours back their place.

    ``seen`` is the ``seal`` of what the page showed. Raises NotFound, Invalid, StateChanged when somebody else changed
    the words meanwhile.
    """
    _known(name, locale)
    new = checked(name, text)
    with transaction([LOCK]) as session:
        before = read(session).get((name, locale), OURS)
        if seal(before) != seen:
            raise StateChanged(revision=seen)
        if new == before:
            return
        session.execute(delete(Row).where(Row.kind == name, Row.locale == locale))
        if new:
            session.add(Row(kind=name, locale=locale, **written(new), updated_at=now))
        organisation.renew(session)
        old, told = audit.differences(written(before), written(new))
        audit.record(
            session, by, "changed" if new else "removed", KIND, f"{name}.{locale}", now, before=old, after=told
        )


def written(text: MailText) -> dict[str, str]:
    """Write words as the configuration file, the audit log and messages hold them."""
    return {"subject": text.subject, "opening": text.opening}


def replace_all(session: Session, words: Mapping[str, Mapping[str, Mapping[str, str]]], now: datetime) -> None:
    """Put words, by mail and language, in the place of all there are, within the transaction of a file."""
    session.execute(delete(Row))
    for name, by_locale in words.items():
        session.add_all(Row(kind=name, locale=locale, **text, updated_at=now) for locale, text in by_locale.items())


# Trying them


def samples() -> list[AppointmentCard]:
    """List the appointments that were made last, to try words on."""
    shown = and_(Appointment.status != Status.HELD.value, Appointment.erased_at.is_(None))
    with reading() as session:
        return cards.cards(session, cards.listing().where(shown).order_by(Appointment.id.desc()).limit(SAMPLES))


def sample(public_id: str) -> AppointmentCard | None:
    """Read the appointment to try words on; None where there is none any more."""
    try:
        return cards.by_public_id(public_id)
    except NotFound:
        return None


@retried
def send_test(name: str, locale: str, text: MailText, public_id: str | None, *, to: str, now: datetime) -> None:
    """Queue a mail with these words to one of the staff, saved or not; the same once a minute.

    Raises NotFound, Invalid.
    """
    _known(name, locale)
    kind, _, change = name.partition(".")
    payload = {"kind": kind, "change": change, "appointment": public_id, **written(checked(name, text))}
    once = digest({**payload, "to": to, "locale": locale, "at": f"{now:%Y-%m-%dT%H:%M}"})
    with transaction() as session:
        outbox.enqueue(session, [outbox.Draft(TEST, f"{TEST}:{once}", to, locale, now, payload)], now)


def text_of(texts: Texts, kind: str, change: str, locale: str) -> MailText:
    """Find the words of a mail that leaves."""
    return texts.get((name_of(kind, change), locale), OURS)
