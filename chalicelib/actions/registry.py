"""Which function does which action: each says so itself, by `@action`."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.actions.services import Call, Services
from chalicelib.protocol.messages import Message
from chalicelib.protocol.requests import Request

R = TypeVar("R", bound=Request)
M = TypeVar("M", bound=Message)

ACTIONS: dict[type[Request], Callable[[Services, Call, Any], Message]] = {}
"""Every action's function by the struct that asks for it, once `dispatch` is imported."""


def action(
    request: type[R],
) -> Callable[[Callable[[Services, Call, R], M]], Callable[[Services, Call, R], M]]:
    """Registers a function as what `dispatch` calls for a request; what it answers is the reply."""

    def register(act: Callable[[Services, Call, R], M]) -> Callable[[Services, Call, R], M]:
        ACTIONS[request] = act
        return act

    return register
