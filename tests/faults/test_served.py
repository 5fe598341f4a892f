"""The races again, through the real web server: several processes, threads, and customers who all press at once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests import asking
from tests.faults import times
from tests.faults.customers import call, post, wish
from tests.faults.dock import MONDAY, at

CLIENTS = times(24, 200)


def test_clients_of_the_web_server_share_six_places(serve, open_dock, sound):
    open_dock(slots=6)
    url = serve(workers=2).url
    for number in range(times(2, 20)):
        start = at(8 * 60, MONDAY + timedelta(days=number))
        answers = call(CLIENTS, lambda client, start=start: post(url, wish(start, client)).status_code)
        assert Counter(answers) == {201: 6, 409: CLIENTS - 6}
    sound(6)


def test_a_program_that_sends_twice_is_answered_twice_and_booked_once(serve, open_dock, sound, do):
    open_dock(slots=6)
    url = serve(workers=2).url
    answers = call(8, lambda _client: post(url, wish(at(8 * 60), 1), key="once"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert post(url, wish(at(9 * 60), 1), key="once").status_code == 422
    sound(1)


def test_the_log_of_the_server_names_nobody(serve, open_dock):
    open_dock(slots=6)
    served = serve(workers=1)
    booked = post(served.url, wish(at(8 * 60), 1)).json()
    manage = booked["manage_url"]
    assert asking.get(manage).status_code == 200
    assert asking.get(manage + "x").status_code == 404
    served.child.stop()
    written = served.child.said()
    assert "/a/<token>" in written
    assert manage.rpartition("/")[2] not in written
    assert "client1@example.com" not in written
    assert "Client 1" not in written
