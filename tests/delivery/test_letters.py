import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from jinja2 import TemplateNotFound

from portal.config import Settings
from portal.delivery.facts import Asked, Invitation, Letter, Offered, Place, StaffLink, Step, Summary, Visit, Waited
from portal.delivery.letters import CALENDARS, calendar_entry, compose
from portal.delivery.mail import written
from portal.domain.mail_texts import name_of

SETTINGS = Settings(
    database_url="sqlite://",
    secret_key="k" * 32,
    link_keys=("l" * 32,),
    public_url="https://rdv.example.com",
    mail_sender="no-reply@example.com",
)
NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BORDEAUX = Place(
    name="Bordeaux",
    zone=ZoneInfo("Europe/Paris"),
    address="12 quai de Bacalan, 33300 Bordeaux",
    email="bordeaux@example.com",
    phone="05 56 00 10 42",
    geo=(44.85, -0.57),
)
VISIT = Visit(
    public_id="5f" * 16,
    token="ToKeN-of-the-visit",
    sequence=1,
    reference="K7M4-4QPX",
    start=datetime(2026, 4, 16, 7, 30, tzinfo=UTC),
    end=datetime(2026, 4, 16, 8, 30, tzinfo=UTC),
    place=BORDEAUX,
    planning="Quais de chargement",
    order="CMD-1042",
    kind="supplier",
    units="10 palettes",
    change_until=datetime(2026, 4, 15, 7, 30, tzinfo=UTC),
    email="achats@example.com",
    name="Jeanne Laborde",
    phone="06 00 00 00 00",
    comment="Camion bâché",
)
INVITATION = Invitation(
    token="ToKeN-of-the-link",
    order="CMD-1042",
    kind="supplier",
    place=BORDEAUX,
    units="10 palettes",
    first_day=date(2026, 4, 1),
    last_day=date(2026, 4, 30),
    expires_at=datetime(2026, 4, 30, 16, tzinfo=UTC),
)
SERVICE_INVITATION = replace(INVITATION, order=None, kind=None, units="", service="Évaluation\nde bien")
STAFF_LINK = StaffLink(
    token="ToKeN-of-the-staff", expires_at=datetime(2026, 4, 17, 12, tzinfo=UTC), zone=ZoneInfo("Europe/Paris")
)
BEFORE = (datetime(2026, 4, 14, 6, tzinfo=UTC), datetime(2026, 4, 14, 7, tzinfo=UTC))
OFFER = Offered(
    token="ToKeN-of-the-offer",
    place=BORDEAUX,
    planning="Quais de chargement",
    start=datetime(2026, 4, 14, 6, tzinfo=UTC),
    end=datetime(2026, 4, 14, 7, tzinfo=UTC),
    until=datetime(2026, 4, 13, 18, tzinfo=UTC),
)
WAITED = Waited(
    token="ToKeN-of-the-list",
    place=BORDEAUX,
    planning="Quais de chargement",
    first_day=date(2026, 4, 16),
    last_day=date(2026, 4, 17),
)
SUMMARY = Summary(
    key="bordeaux",
    place=BORDEAUX,
    day=date(2026, 4, 16),
    visits=(VISIT, replace(VISIT, order=None, kind=None, reference="AAAA-BBBB", answers=(("Plaque", "AB-123-CD"),))),
    more=2,
    requests=((VISIT, Asked(until=NOW, wanted=BEFORE, token="ToKeN-of-the-request")),),
    troubles=1,
)
FREED = Step(
    page="admin/",
    query={"site": "bordeaux", "day": "2026-04-14"},
    place=BORDEAUX,
    planning="Quais de chargement",
    start=BEFORE[0],
    end=BEFORE[1],
    until=BEFORE[0],
)
NEXT_STEP = replace(FREED, page="a/ToKeN-to-confirm/confirm", query={"tz": "America/Halifax"})
STEPS = ["continuation", "confirm_address"]
OFFERS = ["earlier_slot", "place_free", "waiting_joined"]
CUSTOMERS = [
    "booking_invitation",
    "service_invitation",
    "confirmation",
    "change",
    "reassigned",
    "cancellation",
    "reminder",
    "no_show",
    "find",
    *OFFERS,
    *STEPS,
]
SITES = ["site_notice", "site_reminder", "site_summary", "site_offers", "staff_notice", "staff_reminder"]
STAFF = ["user_invitation", "password_reset"]
KINDS = [*CUSTOMERS, *SITES, *STAFF]
anything = st.text(st.characters())


def letter(kind: str, locale: str = "fr", **changes) -> Letter:
    """Write a letter of this kind with all the facts that it may need."""
    facts = {
        "booking_invitation": {"invitation": INVITATION},
        "service_invitation": {"invitation": SERVICE_INVITATION},
        "change": {"visit": VISIT, "before": BEFORE},
        "cancellation": {"visit": replace(VISIT, cancelled=True), "by": "staff", "book_token": "ToKeN-of-the-link"},
        "no_show": {"visit": VISIT, "book_token": "ToKeN-of-the-link"},
        "site_notice": {"visit": VISIT, "change": "new"},
        "staff_notice": {"visit": VISIT, "change": "new"},
        "site_summary": {"summary": SUMMARY},
        "site_offers": {"step": FREED, "asked_at_once": 3},
        "user_invitation": {"staff_link": STAFF_LINK, "by": "claire@example.com"},
        "password_reset": {"staff_link": STAFF_LINK},
        "earlier_slot": {"visit": VISIT, "offer": OFFER},
        "place_free": {"offer": OFFER},
        "waiting_joined": {"waited": WAITED},
        "continuation": {"step": NEXT_STEP},
        "confirm_address": {"step": NEXT_STEP},
        "find": {"visits": (VISIT, replace(VISIT, reference="AAAA-BBBB"))},
    }.get(kind, {"visit": VISIT})
    common = {"to": "achats@example.com", "organisation": "Dupont Logistique", "key": "outbox.1", "now": NOW}
    return Letter(**{"kind": kind, "locale": locale, **common, **facts, **changes})


def mail(kind: str, locale: str = "fr", **changes):
    return compose(letter(kind, locale, **changes), SETTINGS)


def plain(text: str) -> str:
    """Make no-break spaces plain, to compare sentences."""
    return text.replace("\u00a0", " ")


class Links(HTMLParser):
    """Collects what a mail program would open or load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.loaded: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.opened.append(value)
            elif name in ("src", "href", "background", "srcset"):
                self.loaded.append(value)


@pytest.mark.parametrize(
    ("kind", "locale", "subject"),
    [
        ("booking_invitation", "fr", "Prenez rendez-vous pour la livraison de la commande CMD-1042"),
        ("booking_invitation", "en", "Book the delivery of order CMD-1042"),
        ("service_invitation", "fr", "Prenez rendez-vous : Évaluation de bien"),
        ("service_invitation", "en", "Book an appointment: Évaluation de bien"),
        ("confirmation", "fr", "Rendez-vous confirmé : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("confirmation", "en", "Appointment confirmed: Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("change", "fr", "Rendez-vous déplacé : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("change", "en", "Appointment moved: now Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("cancellation", "fr", "Rendez-vous annulé : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("cancellation", "en", "Appointment cancelled: Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("reminder", "fr", "Rappel : rendez-vous le jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("reminder", "en", "Reminder: appointment on Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("earlier_slot", "fr", "Un créneau s’est libéré plus tôt : mardi 14 avril 2026 à 8 h (CMD-1042)"),
        ("earlier_slot", "en", "An earlier time is free: Tuesday 14 April 2026 at 8:00 (CMD-1042)"),
        ("place_free", "fr", "Une place s’est libérée : mardi 14 avril 2026 à 8 h"),
        ("place_free", "en", "A place is free: Tuesday 14 April 2026 at 8:00"),
        ("waiting_joined", "fr", "Liste d’attente : du jeudi 16 avril 2026 au vendredi 17 avril 2026"),
        ("waiting_joined", "en", "You are on the waiting list: Thursday 16 April 2026 to Friday 17 April 2026"),
        ("site_notice", "fr", "Nouveau rendez-vous : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("site_notice", "en", "New appointment: Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("no_show", "fr", "Rendez-vous manqué : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("no_show", "en", "You were expected: Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("site_reminder", "fr", "Rappel : rendez-vous le jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("site_summary", "fr", "Jeudi 16 avril 2026, Bordeaux : 4 rendez-vous"),
        ("site_summary", "en", "Thursday 16 April 2026, Bordeaux: 4 appointments"),
        ("site_offers", "fr", "Place libérée proposée : mardi 14 avril 2026 à 8 h (Quais de chargement)"),
        ("site_offers", "en", "Freed place offered: Tuesday 14 April 2026 at 8:00 (Quais de chargement)"),
        ("continuation", "fr", "Continuez votre réservation du mardi 14 avril 2026 à 8 h"),
        ("continuation", "en", "Go on with your booking of Tuesday 14 April 2026 at 8:00"),
        ("confirm_address", "fr", "Confirmez votre rendez-vous du mardi 14 avril 2026 à 8 h"),
        ("confirm_address", "en", "Confirm your appointment of Tuesday 14 April 2026 at 8:00"),
        ("find", "fr", "Vos rendez-vous à venir"),
        ("find", "en", "Your appointments to come"),
        ("user_invitation", "fr", "Votre accès aux rendez-vous de Dupont Logistique"),
        ("user_invitation", "en", "Your access to the appointments of Dupont Logistique"),
        ("password_reset", "fr", "Choisissez un nouveau mot de passe"),
        ("password_reset", "en", "Choose a new password"),
    ],
)
def test_the_subject_says_all_in_one_line(kind, locale, subject):
    assert plain(mail(kind, locale).subject) == subject


FRENCH_CONFIRMATION = """\
Rendez-vous confirmé

Jeudi 16 avril 2026
de 9 h 30 à 10 h 30, heure de Paris (UTC+2)

Lieu        Dupont Logistique, Bordeaux
            12 quai de Bacalan, 33300 Bordeaux
Pour        Livraison de la commande CMD-1042
            Quais de chargement, 10 palettes
Référence   K7M4-4QPX
            À donner à l’entrée du site.

Pour voir, déplacer ou annuler ce rendez-vous :
https://rdv.example.com/a/ToKeN-of-the-visit?lang=fr
Modifiable en ligne jusqu’au mercredi 15 avril 2026 à 9 h 30.

Une question ? Appelez le 05 56 00 10 42.
L’invitation d’agenda est jointe à ce message.

--\x20
Dupont Logistique
Vous recevez ce message parce que ce rendez-vous a été pris avec cette adresse.
"""


def test_the_text_of_a_confirmation_in_french():
    assert plain(mail("confirmation").text) == FRENCH_CONFIRMATION


def test_french_keeps_its_no_break_spaces():
    text = mail("confirmation").text
    assert "9\u00a0h\u00a030" in text
    assert "rendez-vous\u00a0:" in text
    assert "question\u00a0?" in text


ENGLISH_INVITATION = """\
Book the delivery of order CMD-1042

Choose the day and time that suit you:
https://rdv.example.com/b/ToKeN-of-the-link?lang=en

Where       Dupont Logistique, Bordeaux
            12 quai de Bacalan, 33300 Bordeaux
Order       CMD-1042
            10 palettes
Days        from Wednesday 1 April 2026 to Thursday 30 April 2026

No account is needed. The same link shows, moves and cancels your appointments.
This link works until Thursday 30 April 2026 at 18:00.
Whoever has this link can book for this order: pass it on only to those who should.
A question? Call 05 56 00 10 42.

--\x20
Dupont Logistique
You receive this message because this address is kept with the order.
"""


def test_the_text_of_an_invitation_in_english():
    assert mail("booking_invitation", "en").text == ENGLISH_INVITATION


def test_a_customer_who_fetches_is_asked_to_pick_up():
    invitation = replace(INVITATION, kind="customer")
    assert "retrait de la commande CMD-1042" in mail("booking_invitation", invitation=invitation).subject


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 4, 1), None, "à partir du mercredi 1er avril 2026"),
        (None, date(2026, 4, 30), "jusqu’au jeudi 30 avril 2026"),
    ],
)
def test_days_of_a_link_may_be_open_on_one_side(first, last, said):
    text = mail("booking_invitation", invitation=replace(INVITATION, first_day=first, last_day=last)).text
    assert said in text


def test_a_link_without_limits_speaks_of_none():
    bare = replace(INVITATION, first_day=None, last_day=None, expires_at=None, units="")
    text = mail("booking_invitation", invitation=bare).text
    assert "Jours" not in text
    assert "valable" not in text


def test_the_hours_are_the_sites_and_named_on_both_sides_of_a_clock_change():
    winter = replace(
        VISIT, start=datetime(2026, 12, 7, 7, 30, tzinfo=UTC), end=datetime(2026, 12, 7, 8, 30, tzinfo=UTC)
    )
    assert "de 8 h 30 à 9 h 30, heure de Paris (UTC+1)" in plain(mail("confirmation", visit=winter).text)
    reunion = replace(VISIT, place=replace(BORDEAUX, zone=ZoneInfo("Indian/Reunion")))
    assert "11:30 to 12:30, Réunion time (UTC+4)" in mail("confirmation", "en", visit=reunion).text


@pytest.mark.parametrize("kind", CUSTOMERS)
def test_what_a_link_is_for_stands_apart_from_the_facts_above_it(kind):
    lines = plain(mail(kind).text).splitlines()
    links = [
        place for place, line in enumerate(lines) if line.startswith("https://") and lines[place - 1].endswith(":")
    ]
    above = [lines[place - 2] for place in links if not lines[place - 2].startswith("https://")]
    assert all(not line or line.endswith(".") for line in above)


def test_an_earlier_time_says_in_text_what_the_appointment_is_for():
    assert "Quais de chargement, 10 palettes" in mail("earlier_slot").text


def test_a_change_says_what_it_was_before():
    assert "Avant       mardi 14 avril 2026, de 8 h à 9 h" in plain(mail("change").text)
    assert "mardi 14 avril 2026" in mail("change").html


@pytest.mark.parametrize(
    ("by", "said"),
    [("customer", "Vous avez annulé ce rendez-vous."), ("staff", "Dupont Logistique a dû annuler ce rendez-vous.")],
)
def test_a_cancellation_says_who_cancelled_and_how_to_book_again(by, said):
    text = mail("cancellation", by=by).text
    assert said in text
    assert "https://rdv.example.com/b/ToKeN-of-the-link?lang=fr" in text
    assert "entrée du site" not in text


def test_inside_the_cut_off_a_mail_offers_no_change_but_the_telephone():
    late = mail("reminder", visit=replace(VISIT, change_until=NOW))
    assert "cancel" not in late.html
    assert "Modifiable" not in late.text
    assert "05 56 00 10 42" in late.text


@pytest.mark.parametrize("change", ["new", "moved", "cancelled"])
def test_the_sites_notice_says_who_comes(change):
    text = mail("site_notice", change=change).text
    for fact in ("Jeanne Laborde", "achats@example.com", "06 00 00 00 00", "Camion bâché"):
        assert fact in text
    assert "https://rdv.example.com/admin/gate/K7M4-4QPX" in text
    assert "entrée du site" not in text


@pytest.mark.parametrize("kind", CUSTOMERS)
def test_nobody_writes_to_strangers_through_our_forms(kind):
    typed = replace(
        VISIT,
        name="BUY NOW",
        phone="BUY NOW",
        comment="BUY NOW http://spam.example.com",
        answers=(("Transporteur", "BUY NOW"),),
    )
    without = ("booking_invitation", "service_invitation", "place_free", "waiting_joined", *STEPS)
    facts = {"visits": (typed,)} if kind == "find" else {} if kind in without else {"visit": typed}
    sent = mail(kind, **facts)
    whole = sent.subject + sent.text + sent.html + (sent.calendar or b"").decode()
    assert "BUY NOW" not in whole


FRENCH_CONFIRM = """\
Confirmez votre rendez-vous du mardi 14 avril 2026 à 8 h

Votre place est gardée jusqu’au mardi 14 avril 2026 à 8 h.
Confirmez avant cette heure, sinon elle sera de nouveau libre pour d’autres :
https://rdv.example.com/a/ToKeN-to-confirm/confirm?tz=America%2FHalifax&lang=fr

Quand       mardi 14 avril 2026, de 8 h à 9 h
            heure de Paris (UTC+2)
Lieu        Dupont Logistique, Bordeaux
            12 quai de Bacalan, 33300 Bordeaux
Pour        Quais de chargement

Une question ? Appelez le 05 56 00 10 42.

--\x20
Dupont Logistique
Vous recevez ce message parce que quelqu’un a choisi ce créneau avec votre adresse. \
Si ce n’était pas vous, il n’y a rien à faire.
"""


def test_the_text_that_asks_to_confirm_an_address_in_french():
    assert plain(mail("confirm_address").text) == FRENCH_CONFIRM


def test_a_mail_to_go_on_says_that_the_place_is_not_kept():
    text = plain(mail("continuation", "en").text)
    assert "This time is not kept for you until you book it. The link works once, until Tuesday 14 April" in text


ENGLISH_SUMMARY = """\
Thursday 16 April 2026, Bordeaux

1 request waits for an answer

Tuesday 14 April 2026, 8:00 to 9:00
now: Thursday 16 April 2026, 9:30 to 10:30
Delivery of order CMD-1042, K7M4-4QPX, Jeanne Laborde, 06 00 00 00 00
By Friday 10 April 2026 at 14:00
https://rdv.example.com/v/ToKeN-of-the-request?lang=en

4 appointments

9:30 to 10:30
Delivery of order CMD-1042, Quais de chargement, 10 palettes
K7M4-4QPX, Jeanne Laborde, 06 00 00 00 00

9:30 to 10:30
Appointment, Quais de chargement, 10 palettes
AAAA-BBBB, Jeanne Laborde, 06 00 00 00 00, Plaque AB-123-CD

and 2 more

Open the day:
https://rdv.example.com/admin/?site=bordeaux&day=2026-04-16

1 mail of this site did not arrive.
https://rdv.example.com/admin/mails/

--\x20
Dupont Logistique
You receive this message because this is the address of Bordeaux.
"""


def test_the_text_of_a_summary_in_english():
    assert mail("site_summary", "en").text == ENGLISH_SUMMARY


def test_a_summary_of_a_day_without_appointments_says_so():
    sent = mail("site_summary", "en", summary=replace(SUMMARY, visits=(), more=0))
    assert sent.subject == "Thursday 16 April 2026, Bordeaux: no appointment"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (None, "It is offered to one customer after the other."),
        (1, "It is offered to 1 customer: whoever answers first has it."),
        (3, "It is offered to 3 customers: whoever answers first has it."),
    ],
)
def test_a_site_hears_to_how_many_a_place_is_offered(count, said):
    assert said in mail("site_offers", "en", asked_at_once=count).text


def test_who_did_not_come_is_not_reproached_and_may_book_again():
    text = plain(mail("no_show").text)
    assert "Vous avez peut-être eu un empêchement." in text
    assert "https://rdv.example.com/b/ToKeN-of-the-link?lang=fr" in text
    assert "entrée du site" not in text
    assert "/b/" not in mail("no_show", book_token="").text


def test_answers_are_told_on_a_line_each():
    long = "Numéro de téléphone du chauffeur"
    visit = replace(VISIT, answers=(("Plaque", "AB-123-CD"), ("Accès", "Quai 3\nhayon"), (long, "06")))
    notice = mail("site_notice", visit=visit)
    assert f"Plaque      AB-123-CD\nAccès       Quai 3 hayon\n{long}\u00a0: 06\n" in notice.text
    assert "AB-123-CD" in notice.html
    confirmation = mail("confirmation", visit=replace(visit, repeated=visit.answers[:1]))
    assert "Plaque      AB-123-CD" in confirmation.text
    assert "Quai 3" not in confirmation.text + confirmation.html


def test_find_lists_every_appointment_with_its_own_link():
    text = mail("find").text
    assert "K7M4-4QPX" in text
    assert "AAAA-BBBB" in text
    assert text.count("https://rdv.example.com/a/ToKeN-of-the-visit?lang=fr") == 2


def test_the_staff_is_told_who_invites_where_to_go_and_until_when():
    text = plain(mail("user_invitation").text)
    assert "claire@example.com a créé un compte pour vous : achats@example.com" in text
    assert "https://rdv.example.com/admin/welcome/ToKeN-of-the-staff?lang=fr" in text
    assert "jusqu’au vendredi 17 avril 2026 à 14 h" in text
    assert "/admin/reset/ToKeN-of-the-staff?lang=en" in mail("password_reset", "en").text


def test_an_appointment_without_order_is_called_by_its_own_reference():
    guest = replace(VISIT, order=None, kind=None, units="")
    assert mail("confirmation", "en", visit=guest).subject.endswith("(K7M4-4QPX)")
    assert "What for    Appointment\n" in mail("confirmation", "en", visit=guest).text


def test_a_site_named_like_the_company_is_not_named_twice():
    same = replace(VISIT, place=replace(BORDEAUX, name="Dupont Logistique Bordeaux"))
    assert "Lieu        Dupont Logistique Bordeaux\n" in mail("confirmation", visit=same).text


def test_a_site_with_an_address_alone_is_searched_on_the_map():
    html = mail("confirmation", visit=replace(VISIT, place=replace(BORDEAUX, geo=None))).html
    assert "openstreetmap.org/search?query=12+quai+de+Bacalan" in html


# The calendar file


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_changes_a_calendar_carries_a_calendar_file(kind):
    sent = mail(kind)
    method = CALENDARS.get(name_of(kind, "new"), "")
    assert (sent.calendar is not None) == bool(method)
    assert sent.method == method


def test_the_calendar_entry_keeps_its_uid_from_confirmation_to_cancellation():
    files = [Calendar.from_ical(mail(kind).calendar) for kind in ("confirmation", "change", "cancellation")]
    assert {str(file.events[0]["UID"]) for file in files} == {VISIT.public_id}
    assert [str(file["METHOD"]) for file in files] == ["REQUEST", "REQUEST", "CANCEL"]
    assert files[2].events[0]["STATUS"] == "CANCELLED"


def test_the_calendar_entry_is_in_the_customers_words():
    entry = calendar_entry(VISIT, "fr", "Dupont Logistique", SETTINGS)
    assert entry.summary == "Livraison de la commande CMD-1042 (Dupont Logistique, Bordeaux)"
    assert entry.location == "12 quai de Bacalan, 33300 Bordeaux"
    assert "Référence K7M4-4QPX" in entry.description
    assert entry.organizer.email == "bordeaux@example.com"


def test_a_site_without_address_invites_by_the_portals_own():
    silent = replace(VISIT, place=replace(BORDEAUX, email=None))
    assert calendar_entry(silent, "fr", "Dupont Logistique", SETTINGS).organizer.email == "no-reply@example.com"


# The envelope and the HTML


def test_an_answer_goes_to_the_site():
    assert mail("confirmation").reply_to == "bordeaux@example.com"
    assert mail("confirmation").sender_name == "Dupont Logistique"


def test_the_message_id_is_the_outbox_rows():
    assert mail("confirmation").message_id == "<outbox.1@rdv.example.com>"


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_loads_nothing_and_leads_to_us_or_to_the_map(kind, locale):
    links = Links(mail(kind, locale).html)
    assert links.loaded == []
    assert not {"script", "link", "img", "iframe", "form", "table"} & links.tags
    assert links.opened
    for address in links.opened:
        assert re.match(r"https://(rdv\.example\.com/|www\.openstreetmap\.org/)", address)


@pytest.mark.parametrize("kind", KINDS)
def test_the_styles_are_in_the_tags_and_dark_colours_stay(kind):
    html = mail(kind).html
    assert '<p class="brand" style="' in html
    assert "prefers-color-scheme: dark" in html
    assert "{{" not in html


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_of_the_html_is_in_the_text_too(kind, locale):
    sent = mail(kind, locale)
    for address in Links(sent.html).opened:
        if "openstreetmap" not in address and not re.search(r"/(invite\.ics|reschedule|cancel)\?", address):
            assert address in sent.text


def test_a_stranger_to_the_templates_is_an_error():
    with pytest.raises(TemplateNotFound):
        mail("nonsense")


@given(text=anything, kind=st.sampled_from(KINDS), locale=st.sampled_from(["fr", "en"]))
def test_any_text_in_any_fact_stays_text(text, kind, locale):
    place = replace(BORDEAUX, name=text, address=text, phone=text)
    visit = replace(
        VISIT, place=place, planning=text, order=text, units=text, name=text, email=text, phone=text, comment=text,
        answers=((text, text),), repeated=((text, text),),
    )  # fmt: skip
    invitation = replace(INVITATION, place=place, order=text, units=text)
    told = letter(kind, locale)
    told = replace(
        told,
        organisation=text,
        visit=visit if told.visit else None,
        invitation=invitation if told.invitation else None,
        visits=(visit,) if told.visits else (),
        by=text if told.staff_link else told.by,
    )
    sent = compose(told, SETTINGS)
    assert len(sent.subject.splitlines()) == 1
    assert Links(sent.html).tags <= Links(mail(kind, locale).html).tags
    assert Links(sent.html).loaded == []
    written(sent, SETTINGS.mail_sender)


def test_a_mail_wears_the_companys_colour_and_name():
    usual, own = mail("confirmation"), mail("confirmation", accent="#a1241c", sender="Quais Dupont")
    assert "#2b4590" in usual.html
    assert "#a1241c" in own.html
    assert "background: #a1241c" in re.search(r'<a class="main"[^>]*>', own.html)[0]
    assert (usual.sender_name, own.sender_name) == ("Dupont Logistique", "Quais Dupont")
