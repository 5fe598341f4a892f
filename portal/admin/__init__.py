"""Staff pages."""

from flask import Blueprint

blueprints: tuple[Blueprint, ...] = ()
