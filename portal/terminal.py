"""What every command says and refuses: mistakes of the user's are answered in one line, never by a traceback."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from portal.config import BadSetting
from portal.domain.errors import Refusal
from portal.operations import health
from portal.operations.transfer import BadConfiguration


class Told(click.ClickException):
    """The end of a command, said as it is."""

    def show(self, file: Any = None) -> None:
        """Say it on standard error."""
        click.echo(self.message, err=True, file=file)


class Misused(Told):
    """The end of a command that was called in a way in which it cannot work."""

    exit_code = 2


class Commands(AppGroup):
    """A group of commands whose refusals are words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and turn what the user can mend into its words."""
        try:
            return super().invoke(ctx)
        except BadSetting as error:
            raise Misused(str(error)) from error
        except BadConfiguration as refusal:
            raise Told("\n".join(refusal.errors)) from refusal
        except Refusal as refusal:
            raise Told(_worded(refusal)) from refusal
        except SQLAlchemyError as error:
            raise Told(_database(error)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise Told(f"{type(error).__name__}: {error}") from error


def _worded(refusal: Refusal) -> str:
    """Say a refusal in English, as the commands speak."""
    sentences = {
        "exists": "{value} has an account already",
        "email": "{value!r} is not an e-mail address",
        "password_length": "a password has {lowest} to {highest} characters",
        "password_address": "the address is no password",
        "password_common": "this password is one of those that are tried first",
        "admin_everywhere": "an admin works for every site",
        "not_a_choice": "{field}: {value!r} is none of {choices}",
        "required": "{field} must not be empty",
        "too_long": "{field} is too long",
        "unknown_resource": "nobody called {value} can be picked here",
    }
    if refusal.values.get("problem") == "not_empty":
        return f"the other database is not empty: there is something in {refusal.values['table']}"
    if refusal.code == "not_found":
        return "there is nothing under this name"
    sentence = sentences.get(str(refusal.values.get("problem")))
    if sentence is None:
        return str(refusal)
    choices = ", ".join(refusal.values.get("choices", ()))
    return sentence.format_map({"field": "", "value": "", **refusal.values, "choices": choices})


def _database(error: SQLAlchemyError) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return f"the database cannot be used: {reason}"


def ready() -> None:
    """Refuse to work on a database that is away, or not of this version."""
    if missing := health.missing():
        raise Told(f"the database is not ready: {missing}")
