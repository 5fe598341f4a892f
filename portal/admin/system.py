"""Whether the system is well: each fact with a plain verdict and what to do, and the settings in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from babel.numbers import format_decimal
from flask import Blueprint, Response, url_for
from flask_babel import ngettext

from portal.admin.guard import EDIT, needs
from portal.admin.moments import length_text
from portal.clock import now, real_now
from portal.config import Settings
from portal.delivery.mailbox import kept_here
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import condition
from portal.operations.condition import Database, Mails, State
from portal.operations.integrity import Report
from portal.web.responses import page

bp = Blueprint("system", __name__)
GOOD, LOOK, BAD, PLAIN = "good", "look", "bad", "plain"
ALIVE, SILENT = timedelta(minutes=2), timedelta(minutes=10)  # since a worker was seen
PROMPT, LATE = timedelta(minutes=5), timedelta(hours=1)  # that a mail may wait
APART, FAR_APART = timedelta(seconds=2), timedelta(seconds=30)  # of two clocks
ROOM, NO_ROOM = 1 << 30, 200 << 20  # bytes left on the disk


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact with its verdict (good, look, bad; plain has none), and what to do about it, if anything."""

    title: str
    text: str
    verdict: str = GOOD
    advice: str = ""
    url: str = ""


@bp.get("/system")
@needs(EDIT)
def show() -> Response:
    """Show how the system is."""
    return _show()


@bp.post("/system/check")
@needs(EDIT)
def check() -> Response:
    """Look for what must never be. It reads only, and a history too long to wait for is left to the command."""
    return _show(checked=True, report=condition.check(now=now()))


def _show(*, checked: bool = False, report: Report | None = None) -> Response:
    found = condition.state(now=now(), real_now=real_now())
    findings = [*_of_database(found.database), *_of_workers(found), *_of_mails(found.mails), *_of_setup(settings())]
    verdicts = Counter(finding.verdict for finding in findings)
    return page(
        "admin/system/show.html",
        findings=findings,
        look=verdicts[LOOK],
        bad=verdicts[BAD],
        version=found.version,
        settings=list(_settings(settings())),
        checked=checked,
        report=report,
    )


def _of_database(found: Database) -> Iterator[Finding]:
    size = _("%(size)s of data", size=bytes_text(found.size))
    yield Finding(_("Database"), f"{found.kind} {found.version}, {size}")
    if found.current:
        yield Finding(_("Tables"), _("Of this version (%(number)s).", number=found.migration))
    else:
        text = _("At %(number)s, this version needs %(newest)s.", number=found.migration, newest=found.newest)
        yield Finding(_("Tables"), text, BAD, _("Run: %(command)s", command="creneau db upgrade"))
    if found.free is not None:
        verdict = GOOD if found.free > ROOM else LOOK if found.free > NO_ROOM else BAD
        advice = "" if verdict == GOOD else _("Make room: without it nothing can be booked.")
        yield Finding(_("Disk"), _("%(size)s free", size=bytes_text(found.free)), verdict, advice)
    if found.ahead is not None:
        yield _of_clocks(found.ahead)


def _of_clocks(ahead: timedelta) -> Finding:
    apart = abs(ahead)
    verdict = GOOD if apart < APART else LOOK if apart < FAR_APART else BAD
    seconds = format_decimal(round(apart.total_seconds(), 1), locale=current_locale())
    text = _("%(seconds)s s between the database and this server", seconds=seconds)
    advice = (
        "" if verdict == GOOD else _("Set both clocks by the network (NTP): times of mails and logins rely on them.")
    )
    return Finding(_("Clocks"), text, verdict, advice)


def _of_workers(found: State) -> Iterator[Finding]:
    if not found.workers:
        advice = _("Start one: %(command)s. Without it no mail leaves.", command="creneau worker")
        yield Finding(_("Worker"), _("None was seen within a day."), BAD, advice)
    for place, worker in enumerate(found.workers):
        silence = max(real_now() - worker.seen, timedelta())
        text = _seen_text(worker.name, silence)
        if place and silence > ALIVE:  # one that ended is no trouble while another works
            yield Finding(_("Worker"), text, PLAIN)
            continue
        verdict = GOOD if silence < ALIVE else LOOK if silence < SILENT else BAD
        advice = "" if verdict == GOOD else _("Look whether %(command)s still runs.", command="creneau worker")
        yield Finding(_("Worker"), text, verdict, advice)


def _seen_text(name: str, silence: timedelta) -> str:
    if silence < timedelta(minutes=1):
        return _("%(name)s, seen just now", name=name)
    return _("%(name)s, seen %(length)s ago", name=name, length=length_text(silence))


def _of_mails(found: Mails) -> Iterator[Finding]:
    queue, url = found.queue, url_for("admin.mails.index")
    yield _of_waiting(found.due, now(), url)
    sent = _("%(hour)s in the last hour, %(day)s in the last day", hour=found.sent_hour, day=found.sent_day)
    yield Finding(_("Mails sent"), sent, PLAIN, url=url_for("admin.mails.index", state="sent"))
    troubled = queue.failed + queue.parked
    text = _("%(failed)s refused, %(parked)s set aside, %(retrying)s tried again", **_counts(found))
    advice = _("Read why, mend it, and send them again.") if troubled else ""
    state = "failed" if queue.failed else "parked" if queue.parked else "retrying"
    failing = url_for("admin.mails.index", state=state)
    yield Finding(_("Mails that failed"), text, LOOK if troubled else GOOD, advice, failing if troubled else "")
    if queue.paused is not None:
        advice = _("Mend the login or the sender’s address, then let the queue go on.")
        yield Finding(_("Mail queue"), _("Stopped by the mail server: %(why)s", why=queue.paused), BAD, advice, url)


def _counts(found: Mails) -> dict[str, int]:
    return {"failed": found.queue.failed, "parked": found.queue.parked, "retrying": found.queue.retrying}


def _of_waiting(due: datetime | None, moment: datetime, url: str) -> Finding:
    title = _("Oldest mail that may leave")
    if due is None:
        return Finding(title, _("None waits."))
    wait = moment - due
    verdict = GOOD if wait < PROMPT else LOOK if wait < LATE else BAD
    advice = "" if verdict == GOOD else _("Look whether a worker runs, and whether the mail server answers.")
    return Finding(title, _("It waits for %(length)s.", length=length_text(wait)), verdict, advice, url)


def _of_setup(given: Settings) -> Iterator[Finding]:
    if kept_here(given):
        yield Finding(
            _("Mail server"), _("None: mails are kept here and shown at /dev/mail."), LOOK, _set("MAIL_SERVER")
        )
    elif not given.mail_server:
        yield Finding(_("Mail server"), _("None: no mail leaves."), BAD, _set("MAIL_SERVER"))
    if given.now is not None:
        yield Finding(_("Time"), _("The clock is stopped, for a demo."), LOOK, _("Take NOW out of the settings."))
    public = urlsplit(given.public_url)
    if public.scheme != "https" and public.hostname not in ("localhost", "127.0.0.1", "::1"):
        text = _("Not encrypted: %(url)s", url=given.public_url)
        yield Finding(_("Address"), text, BAD, _("Put a proxy with TLS in front, and set PUBLIC_URL to https://…"))
    text = _("The portal cannot see whether it is backed up. Try to restore the last copy now and then.")
    yield Finding(_("Backup"), text, PLAIN, _("The operator’s guide says how: “Backup and restore”."))


def _set(name: str) -> str:
    return _("Set %(name)s.", name=name)


def bytes_text(size: int) -> str:
    """Write a size: "12,4 Mo", "12.4 MB"."""
    units = ("o", "ko", "Mo", "Go", "To") if current_locale() == "fr" else ("B", "kB", "MB", "GB", "TB")
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(units) - 1:
        amount, unit = amount / 1000, unit + 1
    digits = "0" if unit == 0 or amount >= 100 else "0.0"
    return f"{format_decimal(amount, digits, locale=current_locale())}\u00a0{units[unit]}"


def _settings(given: Settings) -> Iterator[tuple[str, str]]:
    """List the settings in force; of secrets, only whether they are there."""
    yield "PUBLIC_URL", given.public_url
    yield "DATABASE_URL", _without_secrets(given.database_url)
    yield "MAIL_SERVER", f"{given.mail_server}:{given.mail_port}" if given.mail_server else "–"
    yield "MAIL_USE_TLS", _("yes") if given.mail_use_tls else _("no")
    yield "MAIL_USERNAME", _("yes") if given.mail_username else "–"
    yield "MAIL_SENDER", given.mail_sender
    yield "LINK_KEY", str(ngettext("%(num)s key", "%(num)s keys", len(given.link_keys)))
    yield "DEFAULT_LOCALE", given.default_locale
    yield "DEFAULT_TIMEZONE", given.default_timezone
    yield "EMBED_ORIGINS", ", ".join(given.embed_origins) or "–"
    yield "TRUSTED_PROXIES", str(given.trusted_proxies)
    yield "RATELIMIT_PUBLIC", given.ratelimit_public
    yield "RATELIMIT_KEY", given.ratelimit_key
    yield "RATELIMIT_STORAGE_URI", _without_secrets(given.ratelimit_storage_uri)


def _without_secrets(address: str) -> str:
    """Leave out who logs in at an address, and with which words."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
