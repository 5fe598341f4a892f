"""What holds for every planning, every booking and every date; the plain model says what is right."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.openings import Closure, Opening, Schedule, SiteCalendar, Version
from portal.domain.slots import Reason, Start, Taken, at, most_present, search
from portal.domain.window import Window
from portal.domain.zones import day_bounds
from tests.domain.model import MINUTE, Model

DAY = timedelta(days=1)
few = settings(max_examples=settings.default.max_examples // 3, suppress_health_check=[HealthCheck.too_slow])
many = settings(suppress_health_check=[HealthCheck.too_slow])  # a scene has many parts, and the machine other work
NAMES = [
    "Europe/Paris",
    "America/New_York",
    "America/Nuuk",  # back at midnight
    "America/Havana",  # midnight twice
    "Australia/Lord_Howe",  # half an hour
    "Africa/Cairo",  # no midnight in spring
    "Africa/Casablanca",  # back for Ramadan
    "Asia/Kathmandu",
    "Pacific/Chatham",
]
ZONES = [ZoneInfo(name) for name in NAMES]
DAYS = [
    date(2027, 6, 2),
    *(date(2027, 3, number) for number in (13, 14, 15, 26, 27, 28, 29)),
    *(date(2027, 4, number) for number in (3, 4, 30)),
    *(date(2027, 10, number) for number in (2, 3, 29, 30, 31)),
    *(date(2027, 11, number) for number in (1, 7)),
]


@dataclass(frozen=True)
class Scene:
    """A planning at a site, one date, what is booked, and who asks for how much."""

    schedule: Schedule
    site: SiteCalendar
    day: date
    taken: tuple[Taken, ...]
    window: Window | None
    quantity: int

    def search(self) -> tuple[Start, ...]:
        booked = self.taken
        return search(self.schedule, self.site, booked, self.day, self.day, window=self.window, quantity=self.quantity)

    def at(self, start: datetime) -> Start:
        return at(self.schedule, self.site, self.taken, start, window=self.window, quantity=self.quantity)

    def model(self) -> Model:
        return Model(self.schedule, self.site, self.day, self.taken, self.window, self.quantity)


zones = st.sampled_from(ZONES)
dates = st.sampled_from(DAYS)


@st.composite
def some_openings(draw, most=3):
    """Draw openings of a day that may touch and never overlap."""
    quarters = draw(st.lists(st.integers(0, 96), min_size=most, max_size=2 * most, unique=True))
    edges = sorted(quarter * 15 for quarter in quarters)
    pairs = list(pairwise(edges))[:: draw(st.sampled_from([1, 2]))]
    return tuple(Opening(start, end, draw(st.integers(1, 3))) for start, end in pairs)


def rarely(strategy):
    """Draw nothing three times out of four."""
    return st.sampled_from([False, False, False, True]).flatmap(lambda drawn: strategy if drawn else st.just({}))


@st.composite
def schedules(draw, day):
    weekday = st.one_of(some_openings(), some_openings(), some_openings(), st.just(()))
    week = st.one_of(
        weekday.map(lambda openings: dict.fromkeys(range(1, 8), openings)),
        st.fixed_dictionaries(dict.fromkeys(range(1, 8), weekday)),
    )
    versions = [Version(None, draw(week))]
    if draw(st.booleans()):
        versions.append(Version(day + draw(st.integers(-1, 2)) * DAY, draw(week)))
    exceptions = draw(rarely(st.dictionaries(near(day), weekday, min_size=1)))
    slot, step = (
        draw(st.sampled_from([15, 30, 30, 45, 60, 60, 90, 240])),
        draw(st.sampled_from([15, 20, 30, 30, 60, 90])),
    )
    return Schedule(draw(zones), tuple(versions), exceptions, slot, step)


def near(day):
    return st.integers(-1, 1).map(lambda number: day + number * DAY)


@st.composite
def sites(draw, day, zone):
    closed = draw(rarely(st.dictionaries(near(day), st.just("closed"), min_size=1, max_size=2)))
    closures = tuple(Closure(first, first, label) for first, label in closed.items())
    holidays = draw(rarely(st.dictionaries(near(day), st.just("holiday"), min_size=1, max_size=2)))
    return SiteCalendar(draw(st.one_of(st.just(zone), zones)), closures, holidays.get)


@st.composite
def bookings(draw, day, zone):
    minutes, length = draw(st.integers(-240, 1500)), draw(st.sampled_from([15, 30, 60, 60, 90, 240]))
    start = day_bounds(day, zone)[0] + minutes * MINUTE
    return Taken(start, start + length * MINUTE, draw(st.integers(1, 2)))


@st.composite
def windows(draw, day, zone):
    now = day_bounds(day, zone)[0] + draw(st.integers(-1440, 600)) * MINUTE
    notice = draw(st.sampled_from([0, 0, 15, 120, 120, 600, None]))
    earliest = None if notice is None else now + notice * MINUTE
    return Window(now, earliest, day + draw(st.sampled_from([-1, 0, 1, 1, 2, 2, 3])) * DAY, zone)


@st.composite
def scenes(draw, customer=None):
    day = draw(dates)
    schedule = draw(schedules(day))
    site = draw(sites(day, schedule.zone))
    taken = tuple(draw(st.lists(bookings(day, site.zone), max_size=6)))
    window = draw(windows(day, site.zone)) if (draw(st.booleans()) if customer is None else customer) else None
    return Scene(schedule, site, day, taken, window, draw(st.sampled_from([1, 1, 1, 1, 2, 3])))


@many
@given(scenes())
def test_what_is_shown_is_what_the_plain_model_says(scene):
    model, starts = scene.model(), scene.search()
    assert [start.start for start in starts] == model.starts()
    for start in starts:
        assert list(start.reasons) == model.reasons(start.start)
        whole = Reason.CLOSED not in start.reasons and Reason.BREAK not in start.reasons
        assert start.places == (model.places(start.start) if whole else 0)


@few
@given(scenes(customer=True))
def test_what_can_be_booked_is_what_is_shown(scene):
    shown = {start.start: start for start in scene.search() if start.offered}
    minute, end = day_bounds(scene.day, scene.site.zone)
    while minute < end:
        judged = scene.at(minute)
        assert (judged if judged.offered else None) == shown.get(minute)
        minute += MINUTE


@few
@given(scenes())
def test_every_start_is_judged_alone_as_among_the_others(scene):
    assert [scene.at(start.start) for start in scene.search()] == list(scene.search())


@many
@given(scenes(), st.lists(st.integers(0, 1439), max_size=40))
def test_never_more_are_present_than_there_is_room(scene, wishes):
    """Book wish after wish at any minute, and accept what is offered."""
    scene = replace(scene, taken=())
    for minute in wishes:
        start = scene.at(datetime.combine(scene.day, time(), scene.site.zone) + minute * MINUTE)
        if start.offered:
            scene = replace(scene, taken=(*scene.taken, Taken(start.start, start.end, scene.quantity)))
    model = scene.model()
    for one in scene.taken:
        for minute in model.minutes(one.start):
            assert model.used[minute] <= model.capacity[minute]


@few
@given(scenes())
def test_a_day_booked_until_nothing_is_offered_is_full_and_not_more(scene):
    scene = replace(scene, taken=())
    while offered := [start for start in scene.search() if start.offered]:
        scene = replace(scene, taken=(*scene.taken, Taken(offered[0].start, offered[0].end, scene.quantity)))
    model = scene.model()
    assert all(model.used[one.start] <= model.capacity[one.start] for one in scene.taken)
    assert all(start.reasons for start in scene.search())


@many
@given(scenes(), st.data())
def test_a_booking_never_adds_a_place(scene, data):
    more = data.draw(bookings(scene.day, scene.site.zone))
    fuller = replace(scene, taken=(*scene.taken, more))
    for before, after in zip(scene.search(), fuller.search(), strict=True):
        assert after.places <= before.places
        assert set(before.reasons) <= set(after.reasons)


@few
@given(scenes())
def test_a_slot_never_crosses_a_break_nor_a_closed_date(scene):
    model = scene.model()
    for start in scene.search():
        if start.offered:
            assert all(model.capacity[minute] for minute in model.minutes(start.start))


@few
@given(scenes())
def test_a_slot_lasts_its_length_of_elapsed_time(scene):
    assert all(start.end - start.start == scene.schedule.slot_minutes * MINUTE for start in scene.search())


@few
@given(scenes(), st.randoms())
def test_the_order_of_what_is_given_does_not_matter(scene, random):
    def mixed(values):
        return tuple(random.sample(values, len(values)))

    schedule = replace(
        scene.schedule,
        versions=tuple(
            replace(version, week={day: mixed(openings) for day, openings in version.week.items()})
            for version in mixed(scene.schedule.versions)
        ),
        exceptions={day: mixed(openings) for day, openings in scene.schedule.exceptions.items()},
    )
    assert replace(scene, schedule=schedule, taken=mixed(scene.taken)).search() == scene.search()


@few
@given(scenes())
def test_bookings_of_one_interval_may_be_told_as_one(scene):
    one_by_one = tuple(replace(one, units=1) for one in scene.taken for _ in range(one.units))
    assert replace(scene, taken=one_by_one).search() == scene.search()


@few
@given(scenes())
def test_a_range_of_dates_is_its_dates_one_after_the_other(scene):
    days = [scene.day + number * DAY for number in range(3)]
    together = search(scene.schedule, scene.site, scene.taken, days[0], days[-1], window=scene.window)
    alone = [search(scene.schedule, scene.site, scene.taken, day, day, window=scene.window) for day in days]
    assert together == sum(alone, ())
    assert [start.start for start in together] == sorted({start.start for start in together})


@few
@given(scenes(customer=True))
def test_staff_are_offered_all_that_customers_are(scene):
    staff = {start.start: start for start in replace(scene, window=None).search()}
    assert all(staff[start.start].offered for start in scene.search() if start.offered)


@few
@given(scenes())
def test_reasons_come_in_their_order_and_once(scene):
    order = list(Reason)
    for start in scene.search():
        places_in_order = [order.index(reason) for reason in start.reasons]
        assert places_in_order == sorted(set(places_in_order))


@few
@given(scenes(), st.integers(0, 1380), st.integers(1, 60))
def test_the_most_present_are_those_of_the_fullest_minute(scene, minute, length):
    start = day_bounds(scene.day, scene.site.zone)[0] + minute * MINUTE
    model = scene.model()
    minutes = [model.used[start + number * MINUTE] for number in range(length)]
    assert most_present(scene.taken, start, start + length * MINUTE) == max(minutes)


@few
@given(scenes())
def test_a_booking_takes_exactly_its_quantity(scene):
    for start in [start for start in scene.search() if start.offered]:
        booked = replace(scene, taken=(*scene.taken, Taken(start.start, start.end, scene.quantity)))
        assert booked.at(start.start).places == start.places - scene.quantity


def test_most_scenes_have_something_to_offer():
    """A property of empty days would prove nothing."""
    offering = []

    @settings(many, max_examples=100, database=None, derandomize=True)
    @given(scenes())
    def look(scene):
        offering.append(any(start.offered for start in scene.search()))

    look()
    assert sum(offering) > len(offering) / 4
