"""subscribe, unsubscribe, publish: topics within a session (PROTOCOL section 3)."""

from chalicelib.actions.delivery import deliver
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits
from chalicelib.actions.session.lookup import active_session
from chalicelib.domain.audience import subscribers
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode_for_many
from chalicelib.stores.subscriptions import Subscription, topic_key


@action(requests.Subscribe)
def subscribe(services: Services, call: Call, request: requests.Subscribe) -> messages.Subscribed:
    session = active_session(services, call.require_session())
    limits.limit_controls(services, call.connection_id)
    services.subscriptions.add(
        Subscription(
            topic_key=topic_key(session.session_id, request.topic),
            connection_id=call.connection_id,
            tenant_id=session.tenant_id,
            expires_at=call.connection.expires_at,
        )
    )
    return messages.Subscribed(timestamp=services.clock(), topic=request.topic)


@action(requests.Unsubscribe)
def unsubscribe(
    services: Services, call: Call, request: requests.Unsubscribe
) -> messages.Unsubscribed:
    key = topic_key(call.require_session(), request.topic)
    services.subscriptions.remove(key, call.connection_id)
    return messages.Unsubscribed(timestamp=services.clock(), topic=request.topic)


@action(requests.Publish)
def publish(services: Services, call: Call, request: requests.Publish) -> messages.Published:
    """Send a message to every subscriber of the topic, the publisher too if it is one.

    Raises:
        PayloadTooLarge: the message would pass 128 KB on its way. NotFound: the session ended.
        RateLimited: every participant may publish, and each message goes to many.
    """
    session = active_session(services, call.require_session())
    limits.limit_controls(services, call.connection_id)
    message = messages.TopicMessage(
        timestamp=services.clock(),
        session_id=session.session_id,
        topic=request.topic,
        data=request.data,
    )
    body = encode_for_many(message)
    audience = subscribers(topic_key(session.session_id, request.topic))
    found = deliver.to_all_found(services, audience, body, call.remaining)
    return messages.Published(timestamp=services.clock(), topic=request.topic, recipients=found)
