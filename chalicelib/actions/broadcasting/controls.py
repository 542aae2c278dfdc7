"""The speaker's controls: pause, mute, volume. Each is a conditional update, then a fan-out."""

from chalicelib.actions.delivery import deliver
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits, lookup, replies
from chalicelib.protocol import messages, requests

_MIN_VOLUME = 1e-100
"""Less counts as 0, as -0.0 does: DynamoDB takes no number under 1e-130."""


@action(requests.PauseBroadcast)
def pause(
    services: Services, call: Call, _: requests.PauseBroadcast
) -> messages.BroadcastStateChanged:
    return _switch(services, call, "isPaused", True)


@action(requests.ResumeBroadcast)
def resume(
    services: Services, call: Call, _: requests.ResumeBroadcast
) -> messages.BroadcastStateChanged:
    return _switch(services, call, "isPaused", False)


@action(requests.MuteBroadcast)
def mute(
    services: Services, call: Call, _: requests.MuteBroadcast
) -> messages.BroadcastStateChanged:
    return _switch(services, call, "isMuted", True)


@action(requests.UnmuteBroadcast)
def unmute(
    services: Services, call: Call, _: requests.UnmuteBroadcast
) -> messages.BroadcastStateChanged:
    return _switch(services, call, "isMuted", False)


@action(requests.SetVolume)
def set_volume(
    services: Services, call: Call, request: requests.SetVolume
) -> messages.BroadcastStateChanged:
    audible = request.volume >= _MIN_VOLUME
    return _switch(services, call, "volume", request.volume if audible else 0.0)


def _switch(
    services: Services, call: Call, name: str, value: bool | float
) -> messages.BroadcastStateChanged:
    """Set a switch of the session, and send the listeners its new state.

    Raises NotFound: the session ended. Forbidden: it has another speaker. RateLimited.
    """
    session_id = call.require_session()
    limits.limit_controls(services, call.connection_id)
    session = services.sessions.switch(
        session_id, name, value, call.connection_id, services.clock()
    )
    if session is None:
        lookup.active_session(services, session_id)
        raise lookup.not_the_speaker()
    changed = replies.state_changed(services, session)
    deliver.to_listeners(services, session, changed, call.remaining)
    return replies.state_changed(services, session)
