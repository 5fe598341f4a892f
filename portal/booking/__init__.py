"""Public pages, without an account and without a cookie."""

from flask import Blueprint

blueprints: tuple[Blueprint, ...] = ()
