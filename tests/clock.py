"""The portal's clock in the hands of a test."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from portal.config import Settings, frozen


class Clock:
    """What ``portal.clock.now()`` tells; leases, back-off, throttles and the age of forms run on real time."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @property
    def now(self) -> datetime:
        """The portal's present, aware UTC."""
        settings: Settings = self._app.config["SETTINGS"]
        assert settings.now is not None, "the tests always freeze the clock"
        return settings.now

    def set(self, instant: datetime) -> datetime:
        """Go to an aware instant, forward or back."""
        self._app.config["SETTINGS"] = frozen(self._app.config["SETTINGS"], instant)
        return self.now

    def ahead(self, **length: float) -> datetime:
        """Let time pass: ``clock.ahead(hours=2)``."""
        return self.set(self.now + timedelta(**length))
