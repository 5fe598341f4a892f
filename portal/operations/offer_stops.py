"""Addresses that want no offers of earlier slots: kept as keyed hashes, so that they outlive whoever they belong to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Offer, OfferStop
from portal.operations import offered, offers, waiting
from portal.operations.addresses import address_keys

STOP = {
    "postgresql": postgresql.insert(OfferStop).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(OfferStop).on_conflict_do_nothing(),
}


def stopped(email: str) -> bool:
    """Tell whether an address wants no offers."""
    with reading() as session:
        return offered.is_stopped(session, email)


@retried
def switch(email: str, wanted: bool, *, now: datetime) -> None:
    """Let an address get offers, or no more; those that are open end."""
    with transaction() as session:
        if wanted:
            session.execute(delete(OfferStop).where(OfferStop.address_key.in_(address_keys(email))))
        else:
            stop(session, email, now)


@retried
def stop_by(token: str, *, now: datetime) -> None:
    """End what an offer's mail belongs to: offers to its address, or its place on the waiting list.

    Raises LinkUnknown.
    """
    with transaction() as session:
        offer = offered.opened(session, token, used=True).offer
        if offer.waiting_id is not None:
            waiting.leave_entry(session, offer.waiting_id, now)
            return
        email = session.scalar(select(Appointment.email).where(Appointment.id == offer.appointment_id))
        if email is not None:
            stop(session, email, now)


def stop(session: Session, email: str, now: datetime) -> None:
    """Note that an address wants no offers, and end those that are open, within the caller's transaction."""
    connection = session.connection()
    row = {"address_key": address_keys(email)[0], "at": now}
    connection.execute(STOP[connection.dialect.name], row)
    theirs = select(Appointment.id).where(Appointment.id == Offer.appointment_id, Appointment.email == email)
    offers.end(session, and_(Offer.state == offers.OPEN, theirs.exists()), offers.WITHDRAWN, now)
