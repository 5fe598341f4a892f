"""Settings from the environment; a bad one stops the start and is named."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from portal.domain.errors import Invalid
from portal.domain.zones import parse_instant, zone

WEAK = ("changeme", "change-me", "secret", "password", "dev", "test", "default", "example")
MIN_KEY = 24
LOCALES = ("fr", "en")
ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)  # no wildcard, no path


class BadSetting(Exception):
    """A setting is missing or wrong: the message names it and says what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations. Built by ``from_env`` or, in tests, by hand."""

    database_url: str = field(repr=False)  # may hold a password
    secret_key: str = field(repr=False)
    link_keys: tuple[str, ...] = field(repr=False)
    public_url: str
    mail_server: str = ""
    mail_port: int = 25
    mail_username: str = ""
    mail_password: str = field(default="", repr=False)
    mail_use_tls: bool = False
    mail_sender: str = "no-reply@localhost"
    mail_ca_file: str = ""
    mail_timeout: float = 15.0
    default_locale: str = "fr"
    default_timezone: str = "Europe/Paris"
    ratelimit_storage_uri: str = "memory://"
    ratelimit_public: str = "120 per minute"
    ratelimit_key: str = "600 per minute"
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: int = 0
    password_memory: int = 65_536  # KiB that hashing a password takes: RFC 9106's, which no variable lowers
    password_rounds: int = 3
    now: datetime | None = None
    demo: bool = False
    testing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, instance: Path | None = None) -> Settings:
        """Read the settings of a process; raise ``BadSetting`` naming the first wrong one.

        ``instance`` is the folder of the embedded database, made with mode 0700 when it is used.
        """
        return cls(
            database_url=database_url(environ.get("DATABASE_URL", ""), instance or Path("instance")),
            secret_key=_key("SECRET_KEY", environ.get("SECRET_KEY", "")),
            link_keys=_link_keys(environ.get("LINK_KEY", "")),
            public_url=_public_url(environ.get("PUBLIC_URL", "")),
            mail_server=environ.get("MAIL_SERVER", ""),
            mail_port=_whole("MAIL_PORT", environ.get("MAIL_PORT", "25")),
            mail_username=environ.get("MAIL_USERNAME", ""),
            mail_password=environ.get("MAIL_PASSWORD", ""),
            mail_use_tls=_switch("MAIL_USE_TLS", environ.get("MAIL_USE_TLS", "")),
            mail_sender=environ.get("MAIL_SENDER", "no-reply@localhost"),
            mail_ca_file=environ.get("MAIL_CA_FILE", ""),
            default_locale=_one_of("DEFAULT_LOCALE", environ.get("DEFAULT_LOCALE", "fr"), LOCALES),
            default_timezone=_zone("DEFAULT_TIMEZONE", environ.get("DEFAULT_TIMEZONE", "Europe/Paris")),
            ratelimit_storage_uri=environ.get("RATELIMIT_STORAGE_URI", "memory://"),
            ratelimit_public=environ.get("RATELIMIT_PUBLIC", "120 per minute"),
            ratelimit_key=environ.get("RATELIMIT_KEY", "600 per minute"),
            embed_origins=_origins(environ.get("EMBED_ORIGINS", "")),
            trusted_proxies=_whole("TRUSTED_PROXIES", environ.get("TRUSTED_PROXIES", "0")),
            now=_frozen(environ),
        )

    @property
    def sqlite_file(self) -> Path | None:
        """The file of the embedded database, or None on a server or in memory."""
        prefix = "sqlite:///"
        name = self.database_url.removeprefix(prefix) if self.database_url.startswith(prefix) else ""
        return Path(name) if name and name != ":memory:" else None


def for_tools(environ: Mapping[str, str], *, instance: Path | None = None) -> Settings:
    """Read the settings for commands that sign nothing and serve nothing: missing keys are made up for this run."""
    stand_in = {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "LINK_KEY": secrets.token_urlsafe(32),
        "PUBLIC_URL": "http://localhost",
    }
    given = {name: value for name, value in environ.items() if value}
    return Settings.from_env({**stand_in, **given}, instance=instance)


def database_url(given: str, instance: Path) -> str:
    """Complete the address of the database: SQLite in ``instance`` when none is given, psycopg 3 for PostgreSQL.

    A relative path is meant from the folder where the command runs; the library would take it from its own.

    >>> database_url("postgres://portal@db/portal", Path("instance"))
    'postgresql+psycopg://portal@db/portal'
    """
    if not given:
        return f"sqlite:///{instance.resolve() / 'creneau.sqlite3'}"
    for old in ("postgres://", "postgresql://"):
        if given.startswith(old):
            return "postgresql+psycopg://" + given.removeprefix(old)
    if given.startswith("postgresql+psycopg://") or given == "sqlite:///:memory:":
        return given
    if given.startswith("sqlite:///"):
        return f"sqlite:///{Path(given.removeprefix('sqlite:///')).absolute()}"
    raise BadSetting("DATABASE_URL must begin with postgresql:// or sqlite:///")


def frozen(settings: Settings, instant: datetime | None) -> Settings:
    """Give the same settings at another ``NOW``."""
    return replace(settings, now=instant)


def _key(name: str, value: str) -> str:
    if not value:
        raise BadSetting(f"{name} is not set. Set it to a long random text, for example: openssl rand -base64 32")
    if len(value) < MIN_KEY or value.lower().startswith(WEAK):
        raise BadSetting(f"{name} is too weak: it needs at least {MIN_KEY} random characters")
    return value


def _link_keys(value: str) -> tuple[str, ...]:
    return tuple(_key("LINK_KEY", part.strip()) for part in value.split(",") if part.strip()) or (_key("LINK_KEY", ""),)


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise BadSetting(
            "PUBLIC_URL is not set or wrong. Set it to the address that people see: https://rdv.example.com"
        )
    return value.rstrip("/")


def _origins(value: str) -> tuple[str, ...]:
    """Read the origins whose pages may show ours in a frame, written as browsers write them.

    >>> _origins("https://www.example.com, https://Example.com:443/")
    ('https://www.example.com', 'https://example.com')
    """
    return tuple(dict.fromkeys(_origin(part.strip()) for part in value.split(",") if part.strip()))


def _origin(text: str) -> str:
    origin = text.lower().removesuffix("/")
    if not ORIGIN.fullmatch(origin):
        raise BadSetting(
            "EMBED_ORIGINS must be origins separated by commas, such as https://www.example.com, without a path and "
            f"without *, not {text!r}"
        )
    scheme, _, host = origin.partition("://")
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80')}"


def _whole(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise BadSetting(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _switch(name: str, value: str) -> bool:
    if value.lower() not in ("", "0", "1", "true", "false", "yes", "no"):
        raise BadSetting(f"{name} must be 1 or 0, not {value!r}")
    return value.lower() in ("1", "true", "yes")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadSetting(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _zone(name: str, value: str) -> str:
    try:
        return zone(value).key
    except Invalid as refusal:
        raise BadSetting(f"{name} must be an IANA time zone such as Europe/Paris, not {value!r}") from refusal


def _frozen(environ: Mapping[str, str]) -> datetime | None:
    if not (text := environ.get("NOW", "")):
        return None
    if environ.get("ALLOW_FROZEN_CLOCK") != "1":
        raise BadSetting("NOW freezes the clock, which is for tests and demos: set ALLOW_FROZEN_CLOCK=1 to mean it")
    if (instant := parse_instant(text)) is None:
        raise BadSetting("NOW must be an RFC 3339 instant such as 2026-12-01T09:00:00+01:00")
    return instant
