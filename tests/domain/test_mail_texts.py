"""Words of mails: what is accepted, what is refused and how it is named, how facts are filled in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Invalid
from portal.domain.mail_texts import KINDS, LONGEST_OPENING, LONGEST_SUBJECT, MailText, checked, fill, paragraphs

FACTS = {"day": "lundi 7 décembre", "site": "Bordeaux"}
TYPED_BY_STRANGERS = {"name", "comment", "email", "answers", "fields"}


def refused(text, kind="confirmation"):
    with pytest.raises(Invalid) as refusal:
        checked(kind, text)
    return refusal.value.values["field"], refusal.value.values["problem"], refusal.value.values.get("value")


def test_facts_take_the_place_of_their_names():
    assert fill("Le {day} à {site}, le {day}", FACTS) == "Le lundi 7 décembre à Bordeaux, le lundi 7 décembre"


def test_what_a_fact_holds_is_not_filled_in_again():
    assert fill("{site}", {"site": "{day}", "day": "x"}) == "{day}"


@given(st.text(st.characters(exclude_characters="{}")))
def test_a_text_without_braces_stays_as_it_is(text):
    assert fill(text, FACTS) == text


@given(st.dictionaries(st.sampled_from(["day", "site"]), st.text(), min_size=2))
def test_a_filled_text_holds_its_facts_as_they_are(facts):
    assert fill("<{day}|{site}>", facts) == f"<{facts['day']}|{facts['site']}>"


@pytest.mark.parametrize(
    "name", ["{name}", "{comment}", "{Day}", "{ day }", "{}", "{day.__class__}", "{0}", "{before}"]
)
def test_a_placeholder_that_is_none_is_refused_by_name(name):
    assert refused(MailText(subject=f"Le {name}")) == ("subject", "unknown_placeholder", name)
    assert refused(MailText(opening=f"Le {name}")) == ("opening", "unknown_placeholder", name)


@pytest.mark.parametrize("text", ["{day", "day}", "{{day}}", "a } b", "{day}}", "{"])
def test_a_brace_that_stands_alone_is_refused(text):
    assert refused(MailText(opening=text))[:2] == ("opening", "lone_brace")


@pytest.mark.parametrize(
    "text", ["Le {day}\nBcc: all@example.com", "a\rb", "a\r\nb", "a\u2028b", "a\x00b", "a\x85b", "a\u202eb"]
)
def test_a_subject_is_one_line_of_signs_that_can_be_seen(text):
    assert refused(MailText(subject=text))[:2] == ("subject", "not_one_line")


def test_opening_words_hold_no_signs_that_steer_anything():
    assert refused(MailText(opening="a\x1b[31mb"))[:2] == ("opening", "unreadable")


def test_words_have_an_end():
    assert refused(MailText(subject="x" * (LONGEST_SUBJECT + 1)))[:2] == ("subject", "too_long")
    assert refused(MailText(opening="x" * (LONGEST_OPENING + 1)))[:2] == ("opening", "too_long")


def test_words_are_trimmed_and_keep_the_spaces_of_french():
    text = checked("confirmation", MailText(" Rendez-vous\u00a0: {day} ", "\r\nBonjour,\t\r\n\r\nà bientôt\u202f!  \n"))
    assert text == MailText("Rendez-vous\u00a0: {day}", "Bonjour,\n\nà bientôt\u202f!")


def test_empty_words_are_ours():
    assert not checked("confirmation", MailText("  ", "\n \n"))


@given(st.text(), st.text())
def test_what_was_accepted_is_accepted_again_and_unchanged(subject, opening):
    try:
        text = checked("confirmation", MailText(subject, opening))
    except Invalid:
        return
    assert checked("confirmation", text) == text


@pytest.mark.parametrize("kind", KINDS)
def test_no_mail_knows_what_strangers_type(kind):
    assert not set(KINDS[kind]) & TYPED_BY_STRANGERS


def test_a_time_before_a_move_is_known_to_mails_of_moves_alone():
    assert checked("change", MailText("{before}"))
    assert refused(MailText("{before}"))[1] == "unknown_placeholder"


def test_empty_lines_part_paragraphs():
    assert paragraphs("Bonjour,\nbienvenue.\n \n\nÀ bientôt") == [["Bonjour,", "bienvenue."], ["À bientôt"]]
    assert paragraphs("") == []
