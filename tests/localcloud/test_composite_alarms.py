"""Composite alarms: their rules, and what they come to."""

import pytest

from localcloud.cloudwatch.composite import UnknownRuleError, holds
from tests.localcloud.alarming import (
    alarm_state,
    applied_alarm,
    apply_alarm,
    running_alarms,
)
from tests.localcloud.world import World

STATES = {
    "off": "ALARM",
    "fine": "OK",
    "silent": "INSUFFICIENT_DATA",
    "a (b)": "ALARM",
    'a"b': "OK",
}


@pytest.mark.parametrize(
    ("rule", "off"),
    [
        ("TRUE", True),
        ("false", False),
        ('ALARM("off")', True),
        ("ALARM(off)", True),
        ("ALARM( fine )", False),
        ("OK(fine)", True),
        ("INSUFFICIENT_DATA(silent)", True),
        ("NOT OK(fine)", False),
        ("NOT NOT ALARM(off)", True),
        ("ALARM(fine) OR ALARM(off)", True),
        ("ALARM(off) AND ALARM(fine)", False),
        ("TRUE OR TRUE AND FALSE", True),
        ("(TRUE OR TRUE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT (FALSE AND FALSE)", True),
        ('ALARM("a (b)")', True),
        (r'OK("a\"b")', True),
        ("\n  ALARM(off)\n  AND OK(fine)\n", True),
    ],
)
def test_a_rule(rule: str, off: bool) -> None:
    assert holds(rule, STATES) == off


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "ALARM(nobody)",
        "ALARM off",
        "ALARM(off",
        "ALARM(off) fine",
        "AND TRUE",
        "TRUE OR",
        "AT_LEAST(1, ALARM, (off))",
        'ALARM("off',
    ],
)
def test_a_rule_that_is_not_understood(rule: str) -> None:
    with pytest.raises(UnknownRuleError):
        holds(rule, STATES)


def test_a_composite_alarm_follows_others_in_the_same_minute(world: World) -> None:
    running_alarms(world)
    apply_alarm(world, "whole", rule="ALARM(part) AND NOT ALARM(muted)")
    arn = applied_alarm(world, "whole").alarm_arn
    apply_alarm(world, "around", rule=f"ALARM({arn})")
    apply_alarm(world, "part", namespace="N", metric_name="M", treat_missing_data="breaching")
    apply_alarm(world, "muted", namespace="N", metric_name="M", treat_missing_data="notBreaching")
    assert alarm_state(world, "whole") == "INSUFFICIENT_DATA"

    world.advance(60)
    assert (alarm_state(world, "whole"), alarm_state(world, "around")) == ("ALARM", "ALARM")
    apply_alarm(world, "muted", namespace="N", metric_name="M", treat_missing_data="breaching")
    world.advance(60)

    assert (alarm_state(world, "whole"), alarm_state(world, "around")) == ("OK", "OK")


def test_a_composite_alarm_that_cannot_be_evaluated_says_why(world: World) -> None:
    running_alarms(world)
    apply_alarm(world, "whole", rule="ALARM(nobody)")

    world.advance(60)

    assert alarm_state(world, "whole") == "INSUFFICIENT_DATA"
    assert "nobody" in applied_alarm(world, "whole").state_reason


def test_composite_alarms_in_a_circle_come_to_an_end(world: World) -> None:
    running_alarms(world)
    apply_alarm(world, "a", rule="NOT ALARM(b)")
    apply_alarm(world, "b", rule="ALARM(a)")

    world.advance(60)

    assert alarm_state(world, "a") in ("OK", "ALARM")
