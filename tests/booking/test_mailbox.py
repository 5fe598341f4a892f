"""The demo's mailbox: what left by mail, without a mail server, and nowhere but in a demo."""

from __future__ import annotations

import re

import pytest
from flask_migrate import upgrade

from portal import jobs
from portal.operations import links
from tests import sample


@pytest.fixture
def demo(backends, tmp_path, now):
    """Run a demo in a folder of its own, with an invitation and a booking on their way."""
    app = backends["sqlite"].build(demo=True, database_url=f"sqlite:///{tmp_path}/demo.sqlite3")
    with app.app_context():
        upgrade()
        sample.docks()
        sample.order()
        links.create("CMD-1042", now=now, send=True)
        sample.booked("2026-12-07 08:00", now=now)
        jobs.once(now)
    yield app.test_client()
    backends["sqlite"].close_others()


def first(client, subject):
    """Find the page of the first mail with this subject."""
    page = client.get("/dev/mail?lang=fr").text
    found = re.search(rf'href="(/dev/mail/[0-9a-f-]+)\?lang=fr">{subject}', page)
    assert found, page
    return found[1]


def test_every_mail_is_listed_with_its_reader(demo):
    page = demo.get("/dev/mail?lang=fr").text
    for said in ("Prenez rendez-vous", "Rendez-vous confirmé", "Nouveau rendez-vous", "À achats@example.com"):
        assert said in page


def test_a_mail_is_shown_in_a_frame_without_scripts(demo):
    address = first(demo, "Prenez rendez-vous")
    page = demo.get(address)
    assert f'<iframe class="mail-frame" src="{address}/html" sandbox="allow-popups' in page.text
    framed = demo.get(f"{address}/html")
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_links_of_a_mail_lead_on(demo):
    address = first(demo, "Prenez rendez-vous")
    html = demo.get(f"{address}/html").text
    assert '<base target="_blank">' in html
    (link,) = set(re.findall(r'href="http://localhost(/b/[^"]+)"', html))
    assert demo.get(link).status_code == 200
    assert f'href="http://localhost{link}"' in demo.get(f"{address}?view=text").text


def test_the_calendar_file_of_a_mail_can_be_saved(demo):
    address = first(demo, "Rendez-vous confirmé")
    file = demo.get(f"{address}/invite.ics")
    assert file.mimetype == "text/calendar"
    assert file.data.startswith(b"BEGIN:VCALENDAR")
    assert demo.get(f"{first(demo, 'Prenez rendez-vous')}/invite.ics").status_code == 404


@pytest.mark.parametrize("name", ["nothing", "20261201080000-0123456789abcdef", "..%2Fdemo"])
def test_an_unknown_mail_is_not_found(demo, name):
    for address in (f"/dev/mail/{name}", f"/dev/mail/{name}/html"):
        assert demo.get(address).status_code == 404


def test_mails_are_seen_by_nobody_outside_a_demo(make_app):
    for settings in ({}, {"demo": True, "mail_server": "127.0.0.1"}):
        assert make_app(**settings).test_client().get("/dev/mail").status_code == 404


def test_the_mailbox_is_never_indexed_or_kept(demo):
    headers = demo.get("/dev/mail").headers
    assert (headers["X-Robots-Tag"], headers["Cache-Control"]) == ("noindex, nofollow", "no-store")
