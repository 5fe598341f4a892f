"""Public pages, without an account and without a cookie."""

from __future__ import annotations

from flask import Blueprint

from portal.booking import confirm, embed, guest, home, offers, subscriptions, validate, views, waiting

blueprints: tuple[Blueprint, ...] = (
    home.bp,
    guest.bp,
    views.bp,
    confirm.bp,
    validate.bp,
    offers.bp,
    waiting.bp,
    embed.bp,
    subscriptions.bp,
)
