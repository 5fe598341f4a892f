"""Passwords: what makes one acceptable, and how they are kept, as argon2id hashes.

Long is what counts (NIST SP 800-63B): no signs are asked for, only what everybody tries first is refused.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.domain.errors import Invalid
from portal.extensions import settings
from portal.operations.organisation import company_name

SHORTEST, LONGEST = 10, 200  # characters

ROWS = ("01234567890" * 2, "09876543210" * 2)
# What is left of the passwords that are tried first once the digits and signs around them are taken away.
WORDS = """
password passwort motdepasse monmotdepasse mypassword newpassword lemotdepasse passe pass secret topsecret
supersecret changeme changezmoi changemoi letmein laissemoientrer ouvretoi welcome welcometo bienvenue bonjour
bonsoir coucou hello helloworld salut administrator administrateur administration admin adminadmin root rootroot
superuser user utilisateur username guest invite visiteur test testtest testing essai demo default defaut temp
temporaire qwerty qwertyuiop qwertyqwerty azerty azertyuiop azertyazerty qwertz qwertzuiop asdfghjkl qsdfghjklm
poiuytreza abcdefghij abcdefgh abcdef abc azertyui iloveyou jetaime jetaimejetaime doudou chouchou loulou soleil
sunshine princess princesse dragon monkey football basketball baseball rugby marseille paris france bordeaux lyon
toulouse liverpool chelsea arsenal superman batman starwars pokemon naruto master maitre trustno whatever nothing
rien computer ordinateur internet microsoft windows google facebook instagram samsung iphone android spring summer
autumn winter printemps automne hiver january february march april june july august september october november
december janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre monday sunday lundi
dimanche creneau creneaux rendezvous appointment planning booking logistique logistics transport livraison entrepot
warehouse quai quais dock docks camion palette palettes company entreprise bureau office
"""
OBVIOUS = frozenset(WORDS.split())


def hashed(password: str, *, email: str) -> str:
    """Hash a new password for keeping. Raises Invalid when it is too short, too long, or easily guessed."""
    check(password, email=email)
    return _hasher().hash(password)


def check(password: str, *, email: str) -> None:
    """Accept a new password for the account of an address. Raises Invalid with the rule that it breaks."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(field="password", problem="password_length", lowest=SHORTEST, highest=LONGEST)
    bare = _bare(password)
    if bare in (_bare(email), _bare(email.partition("@")[0])):
        raise Invalid(field="password", problem="password_address")
    if _obvious(bare) or _letters(bare) == _letters(_bare(company_name())):
        raise Invalid(field="password", problem="password_common")


def fits(hashed: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed; it takes as long whether it is or not."""
    try:
        return _hasher().verify(hashed, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False


def nobodys() -> str:
    """Give a hash that no password fits, made as those of accounts are: trying it costs the same."""
    given = settings()
    return _nobodys(given.password_memory, given.password_rounds)


def _obvious(bare: str) -> bool:
    """Tell whether it is three signs at most again and again, digits in a row, or a word that everybody tries.

    >>> [_obvious(_bare(password)) for password in ("!!Bienvenue2026", "1234567890", "sept quais et une grue")]
    [True, True, False]
    """
    return len(set(bare)) < 4 or any(bare in row for row in ROWS) or _letters(bare) in OBVIOUS


def _bare(text: str) -> str:
    """Keep the letters and digits of a text, small and without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isalnum())


def _letters(bare: str) -> str:
    return "".join(sign for sign in bare if not sign.isdigit())


def _hasher() -> PasswordHasher:
    """Give argon2id with the settings' cost."""
    return _made(settings().password_memory, settings().password_rounds)


@cache
def _made(memory: int, rounds: int) -> PasswordHasher:
    return PasswordHasher(memory_cost=memory, time_cost=rounds)


@cache
def _nobodys(memory: int, rounds: int) -> str:
    return _made(memory, rounds).hash(secrets.token_urlsafe(32))
