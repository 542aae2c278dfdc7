"""The function of each action: it registers itself by `@action`."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.actions.services import Call, Services
from chalicelib.protocol.messages import Message
from chalicelib.protocol.requests import Request

R = TypeVar("R", bound=Request)
M = TypeVar("M", bound=Message)

ACTIONS: dict[type[Request], Callable[[Services, Call, Any], Message]] = {}
"""The function of every action, by the struct of its request, once `dispatch` is imported."""


def action(
    request: type[R],
) -> Callable[[Callable[[Services, Call, R], M]], Callable[[Services, Call, R], M]]:
    """Register a function for a request: `dispatch` calls it, and sends its result as the reply."""

    def register(act: Callable[[Services, Call, R], M]) -> Callable[[Services, Call, R], M]:
        ACTIONS[request] = act
        return act

    return register
