"""EventBridge's rules call functions as they are applied."""

import pytest

from sandbox.functions.functions import FunctionError
from tests.localcloud.sourced import SAYS, Sourced


def test_a_rule_calls_its_target_by_the_clock(sourced: Sourced) -> None:
    sourced.rule("every-minute", "rate(1 minute)", sourced.function("app-dev-says", SAYS))

    sourced.advance(59)
    assert sourced.said("app-dev-says") == []
    sourced.advance(121)

    events = sourced.said("app-dev-says")
    assert [each["detail-type"] for each in events] == ["Scheduled Event"] * 3
    assert events[0]["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/every-minute"]
    assert len({each["time"] for each in events}) == 3


def test_a_rule_without_the_functions_permission_calls_nothing(sourced: Sourced) -> None:
    function = sourced.function("app-dev-says", SAYS)
    sourced.rule("every-minute", "rate(1 minute)", function, allowed=False)

    sourced.advance(60)

    assert sourced.log("app-dev-says") == []
    assert sourced.sums("AWS/Events", RuleName="every-minute") == {
        "Invocations": 1,
        "FailedInvocations": 1,
    }
    with pytest.raises(FunctionError):
        sourced.sources.run_schedule("says")


def test_a_rule_that_is_changed_or_disabled(sourced: Sourced) -> None:
    sourced.rule("r", "rate(1 minute)", sourced.function("app-dev-says", SAYS))
    sourced.rule("r", "rate(1 hour)", sourced.function("app-dev-says", SAYS), allowed=False)

    sourced.advance(3599)
    assert sourced.said("app-dev-says") == []
    sourced.context.backend("events").disable_rule("r", "default")
    sourced.applied()
    sourced.advance(3600)
    assert sourced.said("app-dev-says") == []


def test_a_schedule_is_called_on_request(sourced: Sourced) -> None:
    source = "def handler(event, context):\n    return event['source']"
    sourced.rule("r", "rate(1 hour)", sourced.function("app-dev-says", source))

    assert sourced.sources.schedules() == ["says"]
    assert sourced.sources.run_schedule("says") == "aws.events"
    with pytest.raises(KeyError):
        sourced.sources.run_schedule("others")
