"""Page or fragment, redirect, and refusal: the only module that knows htmx-flask."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, render_template, request, url_for
from htmx_flask import Htmx, make_response
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from portal.domain.errors import Refusal
from portal.web import texts
from portal.web.problems import problem, wants_json

htmx = Htmx()


def wants_fragment() -> bool:
    """Tell whether htmx asked for a part of the page; restoring history needs the whole page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Boosted") != "true"
    )


def show(page: str, fragment: str, *also: str, status: int = 200, **context: Any) -> Response:
    """Render ``page`` whole, or for htmx ``fragment`` plus each of ``also`` out of band."""
    if wants_fragment():
        parts = [render_template(fragment, **context)]
        parts += [render_template(name, oob=True, **context) for name in also]
        response: Response = make_response("\n".join(parts), status)
    else:
        response = make_response(render_template(page, **context), status)
    response.vary.add("HX-Request")
    return response


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Render a page that is never asked for in parts; it knows its own ``status``."""
    response: Response = make_response(render_template(template, status=status, **context), status)
    return response


def go(url: str) -> Response:
    """Send the visitor on after a change: 303, or htmx's own redirect of the whole page."""
    if wants_fragment():
        response: Response = make_response("", 204, redirect=url)
        return response
    return Response("", 303, {"Location": url})


def root(name: str, oob: bool = False) -> Markup:
    """Write the attributes of a fragment's root element, swapped out of band where it comes along with another."""
    attributes = Markup(' id="{}"').format(name)
    return attributes + Markup(' hx-swap-oob="true"') if oob else attributes


def refused(refusal: Refusal) -> Response:
    """Turn a refusal into its page, or its problem document for programs."""
    if wants_json():
        return problem(refusal.status, refusal.code, texts.explain(refusal), refusal.values)
    response: Response = make_response(
        render_template("errors/refusal.html", refusal=refusal, **texts.page(refusal)), refusal.status
    )
    if (seconds := refusal.values.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(seconds)
    if wants_fragment():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def failed(error: HTTPException) -> Response | HTTPException:
    """Show an HTTP error in words, in the visitor's language."""
    status = error.code or 500
    if status < 400:
        return error
    if wants_json():
        response = problem(status, texts.http_code(status), texts.http_title(status), {})
    else:
        response = page("errors/http.html", **texts.http_page(status))
    if (allow := error.get_headers(None)) and status == 405:
        response.headers.extend([header for header in allow if header[0] == "Allow"])
    if (retry := getattr(error, "retry_after", None)) is not None:
        response.headers["Retry-After"] = str(retry)
    return response


def init_app(app: Flask) -> None:
    """Answer refusals and HTTP errors everywhere, and give fragments their root."""
    htmx.init_app(app)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, failed)
    app.jinja_env.globals.update(root=root, home=lambda: url_for("booking.home"))
