"""subscribe, unsubscribe, publish: topics within a session (PROTOCOL section 3)."""

from chalicelib.actions.delivery import deliver
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits
from chalicelib.actions.session.lookup import active_session, reload_connection
from chalicelib.domain.audience import subscribers
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import BadRequest, Code, Forbidden
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode_for_many
from chalicelib.stores.subscriptions import Subscription, topic_key

MAX_TOPICS = 50
"""The topics that one connection can subscribe to (PROTOCOL section 3)."""


@action(requests.Subscribe)
def subscribe(services: Services, call: Call, request: requests.Subscribe) -> messages.Subscribed:
    """Subscribe a connection to a topic of its session. Idempotent.

    Raises:
        BadRequest: it has `MAX_TOPICS` others. NotFound: the session ended. RateLimited.
    """
    session = active_session(services, call.require_session())
    limits.limit_controls(services, call.connection_id)
    _reserve(services, call.connection_id, session.session_id, request.topic)
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
    services.connections.remove_topic(call.connection_id, request.topic)
    return messages.Unsubscribed(timestamp=services.clock(), topic=request.topic)


@action(requests.Publish)
def publish(services: Services, call: Call, request: requests.Publish) -> messages.Published:
    """Send a message to every subscriber of the topic, the publisher too if it is one.

    Raises:
        Forbidden: only speakers publish on this stack. PayloadTooLarge: the message would pass
        128 KB on its way. NotFound: the session ended. RateLimited: each message goes to many.
    """
    publisher = call.connection.role
    if publisher is Role.LISTENER and services.settings.topic_publishers == "speaker":
        raise Forbidden(Code.FORBIDDEN, "only the speaker publishes to topics")
    session = active_session(services, call.require_session())
    limits.limit_controls(services, call.connection_id)
    message = messages.TopicMessage(
        timestamp=services.clock(),
        session_id=session.session_id,
        topic=request.topic,
        data=request.data,
        publisher=publisher.value,
    )
    body = encode_for_many(message)
    audience = subscribers(topic_key(session.session_id, request.topic))
    found = deliver.to_all_found(services, audience, body, call.remaining)
    return messages.Published(timestamp=services.clock(), topic=request.topic, recipients=found)


def _reserve(
    services: Services, connection_id: ConnectionId, session_id: SessionId, topic: str
) -> None:
    """Note the topic on the connection, which keeps the limit however many are asked for at once.

    Raises:
        BadRequest: the connection has too many. It is not a 429, which says that a retry helps.
        Forbidden: it has just left the session, or is closed.
    """
    if services.connections.add_topic(connection_id, session_id, topic, MAX_TOPICS):
        return
    if reload_connection(services, connection_id).session_id != session_id:
        raise Forbidden(Code.FORBIDDEN, "this connection has just left the session")
    problem = f"is one more than the {MAX_TOPICS} that a connection can subscribe to"
    raise BadRequest(Code.INVALID_MESSAGE, f"topic: {problem}", details=[("topic", problem)])
