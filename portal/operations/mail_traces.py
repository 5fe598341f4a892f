"""Mails deleted for good, with what the audit log tells of whom they were for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, delete, update
from sqlalchemy.orm import Session

from portal.models import Audit, OutboxMessage
from portal.operations.mail_log import KIND


def forget(session: Session, which: ColumnElement[bool]) -> int:
    """Delete mails, some thousands at the most, and count them."""
    gone = session.scalars(delete(OutboxMessage).where(which).returning(OutboxMessage.id)).all()
    told = and_(Audit.kind == KIND, Audit.key.in_([str(number) for number in gone]))
    session.execute(update(Audit).where(told).values(label="", after={}))
    return len(gone)
