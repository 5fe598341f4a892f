"""The booking policy, as it is written and as it merges."""

import pytest

from portal.domain.durations import Duration
from portal.domain.errors import Invalid
from portal.domain.policy import Distribution, EarlierSlots, Policy, check_policy

DEFAULTS = {
    "validation": "none",
    "who": "anyone",
    "email_patterns": [],
    "min_notice": 0,
    "business_days": False,
    "max_days": 90,
    "change_notice": 0,
    "undo": 5,
    "hold": 0,
    "confirm_by_mail": 0,
    "answer_within": "2d",
    "cooling_off": 0,
    "reminders": ["24h"],
    "overdue": 30,
    "waiting_list": False,
    "max_per_day": None,
    "max_per_week": None,
    "earlier_slots": {"enabled": True, "hours": 48, "mode": "all"},
    "modes": ["service", "service_staff", "staff_service"],
    "distribution": {"rule": "balanced", "period": "day"},
}


def refused(mapping, path="policy"):
    with pytest.raises(Invalid) as refusal:
        check_policy(mapping, path)
    return refusal.value.values


def test_nothing_said_means_the_documented_defaults():
    assert Policy.of() == Policy.of(DEFAULTS) == Policy()


def test_the_documented_defaults_are_accepted():
    check_policy(DEFAULTS)


def test_a_later_layer_wins_key_by_key():
    policy = Policy.of({"min_notice": "2d", "max_days": 30}, {"max_days": 60})
    assert (policy.min_notice, policy.max_days) == (Duration(2, "d"), 60)


def test_an_empty_layer_changes_nothing():
    assert Policy.of({"max_days": 30}, {}) == Policy.of({"max_days": 30})


def test_a_layer_can_go_back_to_the_default():
    assert Policy.of({"reminders": ["1h"]}, {"reminders": ["24h"]}) == Policy()


def test_lists_are_replaced_whole():
    policy = Policy.of({"reminders": ["24h", "1h"]}, {"reminders": ["2d"]})
    assert policy.reminders == (Duration(2, "d"),)


def test_earlier_slots_merge_key_by_key_too():
    policy = Policy.of({"earlier_slots": {"enabled": False}}, {"earlier_slots": {"hours": 24}})
    assert policy.earlier_slots == EarlierSlots(enabled=False, hours=24, mode="all")


def test_distribution_merges_key_by_key_too():
    policy = Policy.of({"distribution": {"rule": "fair", "days": 7}}, {"distribution": {"days": 14}})
    assert policy.distribution == Distribution(rule="fair", period="day", days=14)


@pytest.mark.parametrize(
    "layer",
    [
        {"min_notice": "12h"},
        {"min_notice": 45},
        {"business_days": True},
        {"max_days": 0},
        {"max_days": 365},
        {"change_notice": "1d"},
        {"undo": 0},
        {"reminders": []},
        {"reminders": ["1d", "2h", 30]},
        {"modes": ["staff_service", "service"]},
        {"distribution": {"rule": "balanced", "period": "week", "days": 7}},
        {"distribution": {"rule": "history", "days": 90}},
        {"distribution": {"rule": "fair", "days": None}},
    ],
)
def test_what_exists_can_be_set(layer):
    check_policy(layer)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("overdue", 45),
    ],
)
def test_what_does_not_exist_yet_is_refused_by_name(key, value):
    assert refused({key: value}) == {"field": f"policy.{key}", "problem": "not_supported_yet", "value": value}


@pytest.mark.parametrize(
    ("layer", "field", "problem"),
    [
        ({"min_notise": 0}, "min_notise", "unknown_key"),
        ({1: 0}, "1", "unknown_key"),
        ({"of": 0}, "of", "unknown_key"),
        ({"min_notice": "2w"}, "min_notice", "bad_duration"),
        ({"min_notice": None}, "min_notice", "bad_duration"),
        ({"business_days": 1}, "business_days", "not_a_boolean"),
        ({"business_days": "yes"}, "business_days", "not_a_boolean"),
        ({"max_days": "90"}, "max_days", "not_a_number"),
        ({"max_days": True}, "max_days", "not_a_number"),
        ({"max_days": -1}, "max_days", "out_of_range"),
        ({"max_days": 4000}, "max_days", "out_of_range"),
        ({"undo": 1441}, "undo", "out_of_range"),
        ({"reminders": "24h"}, "reminders", "not_a_list"),
        ({"reminders": ["24h", "soon"]}, "reminders[1]", "bad_duration"),
        ({"reminders": ["24h", "24h"]}, "reminders[1]", "twice"),
        ({"validation": "nobody"}, "validation", "not_a_choice"),
        ({"validation": []}, "validation", "not_a_choice"),
        ({"email_patterns": [3]}, "email_patterns[0]", "not_a_text"),
        ({"modes": ["service", "telepathy"]}, "modes[1]", "not_a_choice"),
        ({"modes": []}, "modes", "required"),
        ({"modes": "service"}, "modes", "not_a_list"),
        ({"modes": ["service", "service"]}, "modes[1]", "twice"),
        ({"max_per_day": 0}, "max_per_day", "out_of_range"),
        ({"earlier_slots": True}, "earlier_slots", "not_a_mapping"),
        ({"earlier_slots": {"after": 1}}, "earlier_slots.after", "unknown_key"),
        ({"earlier_slots": {"hours": "48"}}, "earlier_slots.hours", "not_a_number"),
        ({"distribution": {"rule": "lottery"}}, "distribution.rule", "not_a_choice"),
        ({"distribution": {"period": "month"}}, "distribution.period", "not_a_choice"),
        ({"distribution": {"days": 0}}, "distribution.days", "out_of_range"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(layer, field, problem):
    values = refused(layer, "plannings[0].policy")
    assert (values["field"], values["problem"]) == (f"plannings[0].policy.{field}", problem)


def test_a_policy_that_is_no_mapping_is_refused():
    assert refused(["max_days"])["problem"] == "not_a_mapping"


def test_without_a_path_the_key_alone_is_named():
    assert refused({"max_days": -1}, path="")["field"] == "max_days"


def test_merging_refuses_what_checking_refuses():
    with pytest.raises(Invalid):
        Policy.of({"max_days": "many"})
