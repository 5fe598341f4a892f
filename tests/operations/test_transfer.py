"""The configuration file: all of it or nothing, twice the same, and every mistake told with its line."""

from __future__ import annotations

import json
import re
import string
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.extensions import reading
from portal.models import Appointment, Customer, Order, Planning, Pool, Site
from portal.operations import calendars, mail_texts, open_sites, orders, transfer
from portal.operations.actors import Actor
from portal.operations.orders import OrderDraft
from tests import sample
from tests.backends import NOW

STAFF = Actor("claire@example.com", "staff", staff=True)
FILE = """\
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites:
  - key: bordeaux
    name: Bordeaux
    timezone: Europe/Paris
    holidays: FR
    email: quais@example.com
    closures: [{from: 2027-05-07, to: 2027-05-07, label: Pont}]
    policy: &policy {max_days: 60, min_notice: 12h}
plannings:
  - key: quais
    name: Quais de chargement
    sites: [bordeaux]
    policy: *policy
    versions:
      - from: null
        week:
          mon: [{start: "08:00", end: "12:00", slots: 6}, {start: "14:00", end: "18:00", slots: 4}]
    exceptions:
      - {date: 2026-12-24, openings: [{start: "08:00", end: "12:00", slots: 2}]}
customers: [{email: Achats@Example.com, name: Achats SA, kind: customer, locale: fr}]
orders: [{reference: CMD-1001, kind: customer, site: bordeaux, customer: achats@example.com, status: ready}]
"""


def load(do, text: str, **options) -> list[str]:
    return do(transfer.load, text, now=NOW, **options)


def refused(do, text: str) -> list[str]:
    with pytest.raises(transfer.BadConfiguration) as refusal:
        load(do, text)
    return list(refusal.value.errors)


def revisions() -> list[str]:
    with reading() as session:
        return [*session.scalars(select(Site.revision)), *session.scalars(select(Planning.revision))]


def count(table) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_file_makes_all_it_names(do):
    assert load(do, FILE) == [
        "+ organisation", "+ sites.bordeaux", "+ plannings.quais", "+ customers.achats@example.com",
        "+ orders.CMD-1001",
    ]  # fmt: skip
    found = do(calendars.public_day, "bordeaux", "quais", date(2026, 12, 7), now=NOW)
    assert [start.places for start in found.starts[:7]] == [6] * 7
    assert do(orders.get, "CMD-1001").email == "achats@example.com"


def with_notices(said: str) -> str:
    rules = "    policy: &policy {max_days: 60, min_notice: 12h}\n"
    return FILE.replace(rules, f"{rules}    notices: {said}\n")


def test_who_is_told_of_what_comes_and_goes_with_the_file(do):
    load(do, FILE)
    told = with_notices('{customer: {no_show: true, confirmed: true}, site: {changed: false}, summary: "07:00"}')
    assert load(do, told) == [
        "+ sites.bordeaux.notices.customer.no_show: true",
        "+ sites.bordeaux.notices.site.changed: false",
        '+ sites.bordeaux.notices.summary: "07:00"',
    ]
    exported = do(transfer.export)
    assert load(do, exported) == []
    assert load(do, with_notices("{site: {confirmed: true}}"))[0].startswith("- sites.bordeaux.notices")
    assert load(do, with_notices("{}")) == []


def test_what_nobody_can_be_told_is_refused_with_its_place(do):
    wrong = with_notices("{staff: {booked: true}}")
    assert refused(do, wrong) == ["sites[0].notices.staff.booked: unknown key (line 10)"]
    assert refused(do, with_notices("{site: {booked: true}}")) == [
        "sites[0].notices.site.booked: unknown key (line 10)"
    ]
    assert refused(do, with_notices('{summary: "7 h"}')) == [
        'sites[0].notices.summary: must be a time from "00:00" to "23:59", in quotes (line 10)'
    ]


def with_words(said: str) -> str:
    company = "organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris"
    return FILE.replace(company, f"{company}, mails: {said}")


def test_the_words_of_mails_come_and_go_with_the_file(do):
    load(do, FILE)
    own = '{site_notice.new: {fr: {subject: "Le {day}"}}, change: {en: {opening: ""}}}'
    assert load(do, with_words(own)) == [
        '+ organisation.mails.site_notice.new.fr.opening: ""',
        '+ organisation.mails.site_notice.new.fr.subject: "Le {day}"',
    ]
    assert do(mail_texts.one, "site_notice.new", "fr").subject == "Le {day}"
    assert load(do, do(transfer.export)) == []
    assert load(do, FILE) == []
    assert load(do, with_words("{}"))[0].startswith("- organisation.mails")
    assert not do(mail_texts.every)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("[]", "mails: must be a mapping"),
        ("{password_reset: {}}", "mails.password_reset: unknown key"),
        ("{change: x}", "mails.change: must be a mapping"),
        ("{change: {de: {}}}", "mails.change.de: must be one of fr, en"),
        ("{change: {fr: x}}", "mails.change.fr: must be a mapping"),
        ("{change: {fr: {title: x}}}", "mails.change.fr.title: unknown key"),
        ("{change: {fr: {subject: 1}}}", "mails.change.fr.subject: must be a text"),
        ('{change: {fr: {subject: "{name}"}}}', "mails.change.fr.subject: {name} is no placeholder of this mail"),
        ('{change: {fr: {opening: "{day"}}}', "mails.change.fr.opening: has a brace that stands alone"),
        ('{change: {fr: {subject: "a\\nb"}}}', "mails.change.fr.subject: must be one line of signs that can be read"),
    ],
)
def test_words_that_cannot_be_used_are_refused_with_their_place(do, said, error):
    (told,) = refused(do, with_words(said))
    assert told.startswith(f"organisation.{error}")
    assert told.endswith("(line 1)")


def test_the_same_file_again_changes_nothing(do):
    load(do, FILE)
    before = do(revisions)
    assert load(do, FILE) == []
    assert do(revisions) == before


def test_an_export_loads_without_a_change_and_exports_the_same(do):
    load(do, FILE)
    before, exported = do(revisions), do(transfer.export)
    assert load(do, exported) == []
    assert do(transfer.export) == exported
    assert do(revisions) == before


def test_a_dry_run_tells_the_differences_and_writes_nothing(do, no_writes):
    load(do, FILE)
    with no_writes():
        said = load(do, FILE.replace("slots: 6", "slots: 5").replace("12h", "2d"), dry_run=True)
    assert said == [
        '~ sites.bordeaux.policy.min_notice: "12h" -> "2d"',
        '~ plannings.quais.policy.min_notice: "12h" -> "2d"',
        "~ plannings.quais.versions[].week.mon: 08:00-12:00 x 6, 14:00-18:00 x 4 -> 08:00-12:00 x 5, 14:00-18:00 x 4",
    ]
    assert load(do, FILE, dry_run=True) == []


def test_only_what_changed_gets_a_new_revision(do):
    load(do, FILE)
    site, planning = do(revisions)
    load(do, FILE.replace("slots: 6", "slots: 5"))
    assert do(revisions)[0] == site
    assert do(revisions)[1] != planning


def test_what_a_file_leaves_out_stays(do):
    load(do, FILE)
    assert load(do, "sites: [{key: bordeaux, address: 12 quai des Chartrons}]") == [
        '~ sites.bordeaux.address: "" -> "12 quai des Chartrons"'
    ]
    assert "holidays: FR" in do(transfer.export)


def test_a_list_is_replaced_whole(do):
    load(do, FILE)
    load(do, "sites: [{key: bordeaux, closures: [{from: 2027-08-01, to: 2027-08-15}]}]")
    exported = do(transfer.export)
    assert "2027-05-07" not in exported
    assert "{from: 2027-08-01, to: 2027-08-15}" in exported


def test_a_version_may_take_the_date_of_one_that_goes(do):
    week = 'week: {mon: [{start: "08:00", end: "12:00", slots: %s}]}'
    for slots in ("1", "2"):
        load(do, FILE + f"  # {slots}\n")
        load(do, f"plannings: [{{key: quais, versions: [{{from: 2027-01-01, {week % slots}}}]}}]")
    assert "slots: 2" in do(transfer.export)


def test_retiring_a_planning_hides_it_and_keeps_its_appointments(do):
    load(do, FILE.replace("12h", "0"))
    do(sample.booked, "2026-12-07 08:00", now=NOW, actor=STAFF)
    done, told = load(do, "plannings: [{key: quais, active: false}]")
    assert done == "~ plannings.quais.active: true -> false"
    assert re.fullmatch(r"! quais at bordeaux, 2026-12-07 08:00: appointment [\w-]{9} stays, and no other.*", told)
    assert do(open_sites.open_sites) == []
    assert do(count, Appointment) == 1


@pytest.mark.parametrize(
    "change",
    ["plannings: [{key: quais, versions: [{week: {mon: [{start: '08:00', end: '08:30', slots: 6}]}}]}]",
     "plannings: [{key: quais, exceptions: [{date: 2026-12-07}]}]",
     "sites: [{key: bordeaux, closures: [{from: 2026-12-01, to: 2026-12-31}]}]"],
)  # fmt: skip
def test_appointments_that_no_longer_fit_are_named_before_and_when_it_is_done(do, change):
    load(do, FILE.replace("12h", "0"))
    do(sample.booked, "2026-12-07 08:00", now=NOW, actor=STAFF)
    for dry_run in (True, False):
        *_, line = load(do, change, dry_run=dry_run)
        assert re.fullmatch(r"! quais at bordeaux, 2026-12-07 08:00: appointment [\w-]{9} no longer fits", line)
    assert do(count, Appointment) == 1


def test_appointments_that_keep_their_length_are_named_when_slots_get_another(do):
    load(do, FILE.replace("12h", "0"))
    do(sample.booked, "2026-12-07 08:00", now=NOW, actor=STAFF)
    done, said = load(do, "plannings: [{key: quais, slot_minutes: 45}]")
    assert done.startswith("~ plannings.quais.slot_minutes: ")
    assert said.endswith("keeps its length and the time around it")


def test_appointments_that_still_fit_or_did_not_before_are_not_named(do):
    load(do, FILE.replace("12h", "0").replace("slots: 6", "slots: 1"))
    for number in range(2):
        do(sample.booked, "2026-12-07 08:00", now=NOW, number=number, actor=STAFF, overbook="frais")
    do(sample.booked, "2026-12-07 14:00", now=NOW, actor=STAFF)
    week = "{mon: [{start: '08:00', end: '09:00', slots: 1}, {start: '14:00', end: '15:00', slots: 1}]}"
    said = load(do, f"plannings: [{{key: quais, versions: [{{week: {week}}}]}}]")
    assert [line[0] for line in said] == ["~"]


def test_a_site_that_a_planning_leaves_keeps_its_pool_out_of_use(do):
    lyon = FILE.replace("sites:\n", "sites:\n  - {key: lyon, name: Lyon}\n").replace("[bordeaux]", "[lyon, bordeaux]")
    load(do, lyon)
    assert do(count, Pool) == 2
    load(do, "plannings: [{key: quais, sites: [lyon]}]")
    load(do, "plannings: [{key: quais, sites: [lyon, bordeaux]}]")
    assert do(count, Pool) == 2


def test_the_organisation_s_zone_is_everyone_s_unless_they_say_otherwise(do):
    load(do, FILE.replace("timezone: Europe/Paris}", "timezone: Indian/Reunion}"))
    exported = do(transfer.export)
    assert exported.count("timezone: Indian/Reunion") == 2  # the organisation's and the planning's
    assert exported.count("timezone: Europe/Paris") == 1


def test_orders_that_came_otherwise_are_exported_too(do):
    load(do, FILE)
    draft = OrderDraft("RÉF/2: #1", "supplier", "bordeaux", name="Monsieur Paul", phone="06 00 00 00 00", ship_date=NOW)
    do(orders.put, draft, now=NOW)
    exported = do(transfer.export)
    assert "customer: {name: Monsieur Paul, phone: 06 00 00 00 00}" in exported
    assert load(do, exported) == []


def test_a_customer_without_address_may_change_and_may_get_one(do):
    load(do, FILE.replace("customer: achats@example.com", 'customer: {name: Paul, phone: "06"}'))
    load(do, 'orders: [{reference: CMD-1001, customer: {name: Paul Roux, phone: ""}}]')
    assert (do(orders.get, "CMD-1001").name, do(count, Customer)) == ("Paul Roux", 2)
    load(do, "orders: [{reference: CMD-1001, customer: achats@example.com}]")
    assert do(orders.get, "CMD-1001").invitable


def test_nothing_is_written_when_one_line_is_wrong(do):
    assert refused(do, FILE.replace("customer: achats@", "customer: ventes@")) == [
        "orders[0].customer: there is no customer ventes@example.com (line 22)"
    ]
    assert do(count, Site) == do(count, Order) == 0


MISTAKES = [
    ("slots: 4}]", 'slots: 4}, {start: "11:00", end: "13:00", slots: 1}]',
     "plannings[0].versions[0].week.mon[2]: overlaps 08:00-12:00 (line 18)"),
    ('end: "18:00"', 'end: "13:00"',
     "plannings[0].versions[0].week.mon[1].end: must come after start (a night is two openings, until 24:00 and from"),
    ('"18:00"', '"24:01"',
     'plannings[0].versions[0].week.mon[1].end: must be a time from "00:00" to "24:00", in quotes (line 18)'),
    ("slots: 6", "slots: 0", "plannings[0].versions[0].week.mon[0].slots: must be between 1 and 10000 (line 18)"),
    ("slots: 6", "slots: true", "plannings[0].versions[0].week.mon[0].slots: must be a whole number (line 18)"),
    ("slots: 6", "slots: '6'", "plannings[0].versions[0].week.mon[0].slots: must be a whole number (line 18)"),
    ("mon:", "lun:", "plannings[0].versions[0].week.lun: unknown key (line 18)"),
    ("    holidays: FR\n", "    holidays: XX\n",
     "sites[0].holidays: is not a calendar of public holidays; write a country such as FR, or a part of it: FR-57"),
    ("    holidays: FR\n", "    holiday: FR\n", "sites[0].holiday: unknown key (line 6)"),
    ("key: bordeaux\n", "key: Bordeaux\n", "sites[0].key: must be 1 to 60 small letters, digits or hyphens (line 3)"),
    ("key: quais", "key: planning", "plannings[0].key: planning is a reserved word (line 11)"),
    ("    name: Bordeaux\n", "", "sites[0].name: is missing (line 3)"),
    ("name: Bordeaux\n", "name: 33\n", "sites[0].name: must be a text (in quotes, if it looks like a number) (line 4)"),
    ("    timezone: Europe/Paris\n", "    timezone: Europe/Pari\n",
     "sites[0].timezone: must be an IANA time zone such as Europe/Paris (line 5)"),
    ("max_days: 60", "max_day: 60", "sites[0].policy.max_day: unknown key (line 9)"),
    ("max_days: 60", "max_days: 1.5", "sites[0].policy.max_days: must be a whole number (line 9)"),
    ("max_days: 60", "validation: everybody",
     "sites[0].policy.validation: must be one of none, manager, staff (line 9)"),
    ("max_days: 60", "reminders: [24h, 1 day]",
     'sites[0].policy.reminders[1]: must be a number of minutes, or like "12h" or "2d" (line 9)'),
    ("to: 2027-05-07", "to: 2027-05-06", "sites[0].closures[0].to: must not come before from (line 8)"),
    ("from: 2027-05-07", "from: 2027-02-30", "sites[0].closures[0].from: must be a date such as 2026-12-24 (line 8)"),
    ("sites: [bordeaux]", "sites: [bordeaux, lyon]", "plannings[0].sites[1]: there is no site lyon (line 13)"),
    ("sites: [bordeaux]", "sites: [bordeaux, bordeaux]", "plannings[0].sites[1]: appears twice (line 13)"),
    ("email: quais@", "email: quais", "sites[0].email: must be an e-mail address (line 7)"),
    ("locale: fr,", "locale: de,", "organisation.locale: must be one of fr, en (line 1)"),
    ("reference: CMD-1001", "reference: 1001",
     "orders[0].reference: must be a text (in quotes, if it looks like a number) (line 22)"),
    ("kind: customer, site", "kind: friend, site", "orders[0].kind: must be one of customer, supplier (line 22)"),
    (", kind: customer, site: bordeaux", "", "orders[0].kind: is missing (line 22)"),
    ("organisation:", "organization:", "organization: unknown key (line 1)"),
    ("organisation:", "queues: [{key: phone}]\norganisation:",
     "queues: not known by this version yet (line 1)"),
    ("plannings:\n  - key: quais\n", "plannings:\n  - sites: *policy\n    key: quais\n",
     "sites: appears twice (line 14)"),
    ("policy: *policy", "policy: *polic", "found undefined alias 'polic' (line 14)"),
    ("name: Bordeaux\n", "name: Bordeaux: Chartrons\n", "mapping values are not allowed here (line 4)"),
    ("key: bordeaux\n", "key: !!python/object/apply:os.system [id]\n",
     "a tag such as tag:yaml.org,2002:python/object/apply:os.system is not accepted (line 3)"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "error"), MISTAKES, ids=[str(number) for number in range(len(MISTAKES))])
def test_a_mistake_is_told_with_its_path_and_line(do, right, wrong, error):
    assert right in FILE
    assert any(said.startswith(error) for said in refused(do, FILE.replace(right, wrong, 1)))


def test_several_mistakes_are_told_at_once_in_the_order_of_the_file(do):
    wrong = (
        FILE.replace("slots: 6", "slots: 0")
        .replace("holidays: FR", "holidays: XX")
        .replace("locale: fr}]", "locale: de}]")
    )
    said = refused(do, wrong)
    assert [line.split(":")[0] for line in said] == [
        "sites[0].holidays", "plannings[0].versions[0].week.mon[0].slots", "customers[0].locale",
    ]  # fmt: skip


@pytest.mark.on_both
@pytest.mark.parametrize(
    "text", ["", "# nothing", "[]", "3", "\0", "a: &a [*a]", "a: {<<: 3}", "{" * 600, "&a {<<: &b {<<: *a}}"]
)
def test_what_is_no_configuration_is_refused(do, text):
    assert refused(do, text)


def test_a_small_file_that_means_billions_is_refused(do):
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
    )
    assert "too large once its aliases are unfolded" in refused(do, laughs)[0]


def test_a_mapping_may_be_merged_into_another(do):
    merged = FILE.replace("policy: *policy", "policy: {<<: *policy, max_days: 10}")
    load(do, merged)
    assert "max_days: 10" in do(transfer.export)


def test_the_sections_of_later_versions_may_be_empty(do):
    assert load(do, "processes: []\nqueues: []\nskill_mappings: []\n") == []


@pytest.mark.parametrize(
    "name", ["?0", "- a", "a: b", "a #b", "'", '"', "\\n", "[x", "~", "true", "1_000", "0x1F", "<<", "%", "x:", "😀"]
)
def test_any_name_survives_an_export(do, name):
    load(do, FILE.replace("name: Achats SA", f"name: {json.dumps(name)}"))
    assert load(do, do(transfer.export)) == []
    assert do(orders.get, "CMD-1001").name == name


def test_yaml_is_1_2(do):
    load(do, FILE.replace("name: Bordeaux\n", "name: NO\n").replace('"08:00"', "08:00"))
    assert "name: NO\n" in do(transfer.export)


letters = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
names = st.text(letters, min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)
keys = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12).filter("planning".__ne__)
zones = st.sampled_from(["Europe/Paris", "Pacific/Apia", "America/St_Johns", "Indian/Reunion"])
days = st.dates(date(2026, 1, 1), date(2030, 12, 31)).map(date.isoformat)
durations = st.one_of(st.integers(0, 3000), st.integers(0, 60).map("{}d".format), st.integers(0, 90).map("{}h".format))
policies = st.fixed_dictionaries(
    {},
    optional={
        "max_days": st.integers(0, 400),
        "min_notice": durations,
        "business_days": st.booleans(),
        "change_notice": durations,
        "reminders": st.lists(durations, unique_by=str, max_size=3),
        "undo": st.integers(0, 60),
    },
)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@st.composite
def openings(draw) -> list[dict]:
    bounds = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    pairs = zip(bounds[::2], bounds[1::2], strict=False)
    found = [{"start": clock(a), "end": clock(b), "slots": draw(st.integers(1, 99))} for a, b in pairs]
    return draw(st.permutations(found))


@st.composite
def configurations(draw) -> dict:
    week = st.dictionaries(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), openings(), max_size=3)
    closures = st.fixed_dictionaries({"from": days}, optional={"label": names})
    site = st.fixed_dictionaries(
        {"key": keys, "name": names},
        optional={"timezone": zones, "address": names, "policy": policies, "active": st.booleans(),
                  "closures": st.lists(closures, max_size=3), "latitude": st.floats(-90, 90),
                  "phone": st.none() | names, "holidays": st.sampled_from([None, "FR", "FR-57"])},
    )  # fmt: skip
    found = draw(st.lists(site, max_size=3, unique_by=lambda one: one["key"]))
    site_keys = [one["key"] for one in found]
    version = st.fixed_dictionaries({"from": st.none() | days, "week": week})
    exception = st.fixed_dictionaries({"date": days}, optional={"label": names, "openings": openings()})
    planning = st.fixed_dictionaries(
        {"key": keys, "name": names},
        optional={"timezone": zones, "policy": policies, "active": st.booleans(), "guests": st.booleans(),
                  "sites": st.lists(st.sampled_from(site_keys), unique=True) if site_keys else st.just([]),
                  "kinds": st.lists(st.sampled_from(["customer", "supplier"]), unique=True),
                  "versions": st.lists(version, max_size=3, unique_by=lambda one: one["from"]),
                  "exceptions": st.lists(exception, max_size=3, unique_by=lambda one: one["date"]),
                  "slot_minutes": st.integers(1, 1440), "step_minutes": st.integers(1, 1440)},
    )  # fmt: skip
    order = st.fixed_dictionaries(
        {"reference": names, "kind": st.sampled_from(["customer", "supplier"]),
         "site": st.sampled_from(site_keys) if site_keys else st.just("")},
        optional={"status": names, "units": names, "ship_date": st.just("2026-12-24T08:30:00+01:00"),
                  "customer": st.none() | st.just("a@example.com") | st.fixed_dictionaries({"name": names})},
    )  # fmt: skip
    return {
        "organisation": {"name": draw(names), "locale": draw(st.sampled_from(["fr", "en"])), "timezone": draw(zones)},
        "sites": found,
        "plannings": draw(st.lists(planning, max_size=3, unique_by=lambda one: one["key"])),
        "customers": [{"email": "a@example.com", "name": draw(names)}],
        "orders": draw(st.lists(order, max_size=3, unique_by=lambda one: one["reference"])) if site_keys else [],
    }


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(configuration=configurations())
def test_whatever_is_loaded_an_export_of_it_is_a_fixed_point(backend, configuration):
    backend.clean()
    with backend.app.app_context():
        transfer.load(json.dumps(configuration), now=NOW)
        exported = transfer.export()
        before = revisions()
        assert transfer.load(exported, now=NOW + timedelta(days=1)) == []
        assert transfer.load(json.dumps(configuration), now=NOW, dry_run=True) == []
        assert (transfer.export(), revisions()) == (exported, before)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=configurations(), second=configurations())
def test_an_export_brings_an_empty_database_to_the_same_state(backend, first, second):
    backend.clean()
    with backend.app.app_context():
        transfer.load(json.dumps(first), now=NOW)
        transfer.load(json.dumps(second), now=NOW)
        exported = transfer.export()
    backend.clean()
    with backend.app.app_context():
        transfer.load(exported, now=NOW)
        assert transfer.export() == exported
