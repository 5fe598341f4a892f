"""What operators see: liveness, readiness, metrics, and logs without addresses or tokens."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal.clock import now, real_now
from portal.operations import health, outbox

bp = Blueprint("observe", __name__)
access = logging.getLogger("portal.access")

REQUESTS = Counter("creneau_requests_total", "Requests by route, method and status", ["route", "method", "status"])
SECONDS = Histogram("creneau_request_seconds", "Seconds to answer, by route", ["route"])
KEPT = {"request_id", "route", "method", "status", "ms", "attempt", "error", "job", "count", "code"}


_written = json.JSONEncoder(ensure_ascii=False).encode  # one for all lines, and for each a new one is dear


class JsonLines(logging.Formatter):
    """One JSON object a line. Only named extras are written, so that no address or token slips in."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in vars(record).items() if name in KEPT})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _written(line)


def configure_logging() -> None:
    """Send everything from INFO up to standard error, a JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("apscheduler", "httpx", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers and its migrations are all applied (503 with the reason when not)."""
    missing = health.missing()
    return Response("ready\n" if not missing else f"{missing}\n", 503 if missing else 200, mimetype="text/plain")


@bp.get("/metrics")
def metrics() -> Response:
    """Publish counters for Prometheus, of every worker process where gunicorn runs several."""
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    standing = CollectorRegistry()
    standing.register(Standing())
    return Response(generate_latest(registry) + generate_latest(standing), content_type=CONTENT_TYPE_LATEST)


class Standing(Collector):
    """How the mails and the workers stand: read when asked for, and the same from whichever process answers."""

    def collect(self) -> Iterator[Metric]:
        """Give what the database says; of one that does not answer, only that."""
        ready = not health.missing()
        yield GaugeMetricFamily("creneau_ready", "Whether the database answers, with all migrations", ready)
        if not ready:
            return
        queue = outbox.condition()
        mails = GaugeMetricFamily("creneau_mails", "Mails that have not left, by how they stand", labels=["state"])
        for state in ("waiting", "retrying", "failed", "parked"):
            mails.add_metric([state], getattr(queue, state))
        yield mails
        yield GaugeMetricFamily("creneau_mail_paused", "Whether the mail server stops all", queue.paused is not None)
        yield _seconds("creneau_mail_overdue", "For how long the oldest mail might have left", now(), queue.oldest)
        yield _seconds("creneau_worker_silent", "Since a worker was seen", real_now(), queue.worker_seen)


def _seconds(name: str, words: str, until: datetime, since: datetime | None) -> Metric:
    """Measure the seconds since an instant; without one there is no value."""
    found = GaugeMetricFamily(f"{name}_seconds", words)
    if since is not None:
        found.add_metric([], max(0.0, (until - since).total_seconds()))
    return found


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule is not None else "none"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    REQUESTS.labels(route, request.method, response.status_code).inc()
    SECONDS.labels(route).observe(seconds)
    access.info(
        "request",
        extra={
            "request_id": g.get("request_id", "-"),
            "route": route,
            "method": request.method,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        },
    )
    return response


def init_app(app: Flask) -> None:
    """Watch every request."""
    app.before_request(_start)
    app.after_request(_count)
    app.register_blueprint(bp)
