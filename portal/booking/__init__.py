"""Public pages, without an account and without a cookie."""

from __future__ import annotations

from flask import Blueprint

from portal.booking import feeds, guest, home, validate, views

blueprints: tuple[Blueprint, ...] = (home.bp, guest.bp, views.bp, feeds.bp, validate.bp)
