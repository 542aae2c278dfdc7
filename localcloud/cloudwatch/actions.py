"""What an alarm does when its state changes: it tells SNS topics.

CloudWatch User Guide, "Alarm actions" and "Amazon SNS events". A topic's subscribers are told that
are queues: nobody else can be reached from here. Used on the cloud's loop only.
"""

import logging
from typing import Any

from localcloud.cloudwatch import messages
from localcloud.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK
from localcloud.context import Context
from localcloud.functions.destinations import send

logger = logging.getLogger(__name__)


class Actions:
    """Remembers each alarm's state, and acts where it is another one now."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._states: dict[str, str] = {}

    def look(self) -> None:
        """Looks at every alarm, whoever has set its state."""
        alarms = list(self._context.backend("cloudwatch").describe_alarms())
        before, self._states = self._states, {each.name: each.state_value for each in alarms}
        for alarm in alarms:
            old = before.get(alarm.name, INSUFFICIENT)
            if alarm.state_value != old:
                self._changed(alarm, old)

    def _changed(self, alarm: Any, old: str) -> None:
        new = alarm.state_value
        if ALARM in (old, new):
            logger.warning("The alarm %s is %s, and was %s", alarm.name, new, old)
        if not alarm.actions_enabled:
            return
        actions = {ALARM: alarm.alarm_actions, OK: alarm.ok_actions}
        for arn in actions.get(new, alarm.insufficient_data_actions):
            if arn.split(":")[2] == "sns":
                self._publish(arn, alarm, old)
            else:
                logger.warning("The action %s of the alarm %s is not there", arn, alarm.name)

    def _publish(self, topic: str, alarm: Any, old: str) -> None:
        sns = self._context.backend("sns")
        if topic not in sns.topics:
            logger.warning("There is no topic %s for the alarm %s", topic, alarm.name)
            return
        message = messages.of_alarm(alarm, old, self._context.account)
        subscriptions, _ = sns.list_subscriptions_by_topic(topic)
        for each in subscriptions:
            if each.protocol == "sqs":
                raw = str(each.attributes.get("RawMessageDelivery", "")).lower() == "true"
                body = (
                    message
                    if raw
                    else messages.of_topic(topic, alarm, message, self._context.clock())
                )
                send(self._context, each.endpoint.rsplit(":", maxsplit=1)[-1], body)
