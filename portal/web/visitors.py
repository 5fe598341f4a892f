"""Who looks at a public page: a person, or a program that reads it for another reason than to book."""

from __future__ import annotations

import re

from flask import request

ROBOT = re.compile(r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|scan", re.IGNORECASE)
"""Words by which search engines, link previews and mail scanners name themselves."""


def somebody_looks() -> bool:
    """Tell whether this request is a look of somebody who may want to come: it counts as demand.

    A HEAD, a page fetched ahead by a browser, and programs that say that they are robots are none.
    """
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and "prefetch" not in ahead and not ROBOT.search(request.user_agent.string)
