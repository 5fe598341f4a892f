"""Whatever is sent to a public form or address, the answer is a page in words."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.booking.pages import PLANNING

anything = st.text(max_size=60) | st.sampled_from(
    ["2026-12-08T08:30:00+01:00", "a@example.com", "\x00", "../", "%", "é" * 300]
)
fields = st.dictionaries(st.sampled_from(["start", "token", "email", "name", "phone", "comment", "website"]), anything)
queries = st.dictionaries(
    st.sampled_from(["day", "month", "start", "planning", "from", "tz", "lang", "email", "name", "phone"]), anything
)
KEPT = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def address(path: str, query: dict[str, str]) -> str:
    return path + "?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())


@KEPT
@given(query=queries, form=fields)
def test_no_form_breaks_a_page(client, link, booked, query, form):
    for path in (f"{PLANNING}/details", f"/b/{link}/details", f"/a/{booked.token}/edit", "/find"):
        assert client.post(address(path, query), data=form).status_code < 500


@KEPT
@given(query=queries, path=anything)
def test_no_address_breaks_a_page(client, link, booked, query, path):
    for start in (PLANNING, f"/b/{link}", f"/a/{booked.token}/reschedule", f"/b/{quote(path)}", f"/book/{quote(path)}"):
        assert client.get(address(start, query)).status_code < 500
