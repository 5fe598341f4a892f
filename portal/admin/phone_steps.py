"""The last two steps of booking for somebody, of a planning or of a service: when, and who comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, flash, request, url_for

from portal.admin.appointment_forms import PhoneForm
from portal.admin.callers import Caller
from portal.admin.guard import actor, staff
from portal.admin.places import Step, staff_picker, typed_moment, wanted_start
from portal.clock import now
from portal.domain.zones import local_day
from portal.i18n import _
from portal.operations import appointments, staff_calendars
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.once import Once
from portal.operations.resource_cards import ResourceCard
from portal.operations.staff_calendars import Subject
from portal.operations.wishes import Booked, Contact, Wish
from portal.web.custom_fields import answers_of, asking
from portal.web.days import day_view
from portal.web.paths import Paths
from portal.web.responses import go, page, show, wants_fragment
from portal.web.visit import visit


@dataclass(frozen=True, slots=True)
class Booking:
    """What is booked for whom; the addresses of its two steps carry all of it. ``steps`` are those of the whole way."""

    subject: Subject
    place: Bookable
    caller: Caller
    paths: Paths
    steps: int
    back: tuple[str, str]
    chosen: Sequence[ResourceCard] = ()

    def pick(self, **more: Any) -> Response:
        """Show a month of free places."""
        asked = visit()
        if wants_fragment() and asked.day is not None:
            found = staff_calendars.day(self.subject, asked.day, now=now())
            day = day_view(found, asked, self.paths)
            return show("admin/appointments/pick.html", "admin/appointments/_day.html", day=day, **more)
        calendar = staff_calendars.month(self.subject, now=now(), month=asked.month, day=asked.day)
        return show(
            "admin/appointments/pick.html",
            "admin/appointments/_month.html",
            picker=staff_picker(calendar, asked, self.paths),
            bookable=calendar.bookable,
            caller=self.caller,
            back_to=self.back,
            eyebrow=_("Step %(step)s of %(steps)s · Choose a time", step=self.steps - 1, steps=self.steps),
            moment=typed_moment(),
            moment_url=url_for(self.paths.step, **self._keys),
            moment_values=self._carried,
            **more,
        )

    def details(self) -> Response:
        """Ask who comes, with what is known filled in, and take the place."""
        start = wanted_start(self.place.zone)
        if start is None:
            return go(url_for(self.paths.page, **{**self.paths.values, **(typed_moment() or {})}))
        form = asking(PhoneForm, self.place.item.questions, needed=False)(request.form, **self.caller.known)
        step = Step.open(form, lambda: staff_calendars.choice(self.subject, start, now=now()))
        if request.method == "POST" and (booked := step.take(lambda reason: self._book(form, start, reason))):
            flash(_("The appointment is booked."))
            return go(url_for("admin.appointments.show", public_id=booked.public_id))
        return page(
            "admin/appointments/details.html",
            step.status,
            bookable=self.place,
            caller=self.caller,
            eyebrow=_("Step %(step)s of %(steps)s · Who comes?", step=self.steps, steps=self.steps),
            action=self.paths.to_send,
            back_url=self.paths.to_day(local_day(start, self.place.zone)),
            people=self.chosen,
            picked=self.subject.picked,
            **step.values(),
        )

    @property
    def _keys(self) -> dict[str, Any]:
        """What the path of its steps names."""
        return {name: value for name, value in vars_of(self.subject).items() if name in self.paths.values}

    @property
    def _carried(self) -> list[tuple[str, Any]]:
        """What the query of its steps says, for a form that goes there."""
        return flat({name: value for name, value in self.paths.values.items() if name not in self._keys})

    def _book(self, form: PhoneForm, start: datetime, reason: str) -> Booked:
        contact = Contact(
            email=normal_address(form.email.data) if form.email.data else None,
            name=form.name.data,
            phone=form.phone.data or "",
            comment=form.comment.data or "",
            locale=form.locale.data,
        )
        subject = self.subject
        wish = Wish(
            start=start,
            contact=contact,
            fields=answers_of(form),
            actor=actor(),
            site=subject.site,
            planning=subject.planning,
            service=subject.service,
            resources=subject.picked.resources,
            quantity=subject.picked.quantity,
            iterations=subject.picked.iterations,
            order=self.caller.order.reference if self.caller.order else None,
            customer=self.caller.customer.id if self.caller.customer else None,
            overbook=reason,
            once=Once(f"staff-book:{staff().member.id}", form.key),
        )
        return appointments.book(wish, now=now())


def vars_of(subject: Subject) -> dict[str, str]:
    """Give the keys of what is booked, as addresses name them."""
    keys = {"site": subject.site, "planning": subject.planning, "service": subject.service}
    return {name: key for name, key in keys.items() if key is not None}


def flat(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List the values of an address, those of a list one by one, as the hidden fields of a form."""
    pairs = ((name, value if isinstance(value, list) else [value]) for name, value in values.items())
    return [(name, one) for name, found in pairs for one in found]
