"""Limits that several processes count together in Redis, and what becomes of them while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
from fakeredis import TcpFakeServer

from portal.config import BadSetting
from tests.children import free_port

FIND = "/find"


@pytest.fixture
def redis() -> Iterator[str]:
    """Run what speaks as Redis does, and give its address."""
    port = free_port()
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"redis://127.0.0.1:{port}/0"
    server.shutdown()
    thread.join(10)
    server.server_close()


def statuses(app, number):
    browser = app.test_client()
    return [browser.get(FIND).status_code for _ in range(number)]


def test_processes_count_together_in_redis(make_app, redis):
    first, second = (make_app(ratelimit_public="3 per minute", ratelimit_storage_uri=redis) for _ in range(2))
    assert statuses(first, 2) == [200, 200]
    assert statuses(second, 2) == [200, 429]
    assert statuses(first, 1) == [429]


def test_without_redis_each_process_counts_its_own_and_says_so_once(make_app, caplog):
    app = make_app(ratelimit_public="3 per minute", ratelimit_storage_uri=f"redis://127.0.0.1:{free_port()}/0")
    assert statuses(app, 5) == [200, 200, 200, 429, 429]
    assert [record.message[:47] for record in caplog.records] == ["limits are counted by this process alone for 10"]


@pytest.mark.parametrize("address", ["nonsense://host", "localhost"])
def test_an_address_of_nothing_known_is_refused_by_name(make_app, address):
    with pytest.raises(BadSetting, match="RATELIMIT_STORAGE_URI"):
        make_app(ratelimit_storage_uri=address)


@pytest.mark.parametrize("name", ["ratelimit_public", "ratelimit_key"])
def test_a_limit_that_cannot_be_read_is_refused_by_name_before_a_page_fails(make_app, name):
    with pytest.raises(BadSetting, match=f'{name.upper()} must be .* not "often"'):
        make_app(**{name: "often"})
