"""Between text and the structs of this room: frames, handshake parameters, messages, errors."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.errors import BadRequest, ClientError, Code, PayloadTooLarge
from chalicelib.protocol.messages import Error, FieldProblem, Message
from chalicelib.protocol.requests import ACTIONS, HANDSHAKE_ACTIONS, MESSAGE_BYTES, Request

_encode = msgspec.json.Encoder().encode
_decoders = {name: msgspec.json.Decoder(struct) for name, struct in ACTIONS.items()}


class Envelope(msgspec.Struct, frozen=True):
    """What an error can still say of a message that is refused."""

    action: Any = None
    id: Any = None

    @property
    def is_known(self) -> bool:
        return isinstance(self.action, str) and self.action in ACTIONS

    @property
    def echoed_action(self) -> str | msgspec.UnsetType:
        return self.action[:64] if isinstance(self.action, str) else msgspec.UNSET

    @property
    def echoed_id(self) -> str | msgspec.UnsetType:
        known = isinstance(self.id, str) and len(self.id) <= 128
        return self.id if known else msgspec.UNSET


_envelope = msgspec.json.Decoder(Envelope)


def open_envelope(body: bytes) -> Envelope:
    """Reads `action` and `id` of a frame, whatever they are.

    Raises:
        BadRequest: INVALID_JSON, or INVALID_MESSAGE for JSON that is not an object.
    """
    try:
        # msgspec looks into no string that it does not need: what `data` holds would pass unseen.
        body.decode()
        return _envelope.decode(body)
    except msgspec.ValidationError:
        problem = "a message is one JSON object with a string `action`"
        raise BadRequest(Code.INVALID_MESSAGE, problem, details=[("", problem)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(Code.INVALID_JSON, f"the frame is not JSON: {error}") from None
    except RecursionError:
        raise BadRequest(Code.INVALID_JSON, "the frame is nested too deeply") from None


def decode_request(envelope: Envelope, body: bytes) -> Request:
    """The typed request of a frame.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
        PayloadTooLarge: more bytes than the action may have.
    """
    action = envelope.action
    if not isinstance(action, str):
        raise _invalid("action", "is required: a string")
    struct = ACTIONS.get(action)
    if struct is None:
        raise BadRequest(Code.UNKNOWN_ACTION, f"there is no action {action[:64]!r}")
    if len(body) > struct.max_bytes:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"{action} may have {struct.max_bytes} bytes, this one has {len(body)}",
        )
    try:
        return _decoders[action].decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(*_field_and_problem(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(Code.INVALID_JSON, f"the frame is not JSON: {error}") from None


def decode_handshake(action: str, parameters: Mapping[str, str]) -> Request:
    """The typed request of a URL with `action=` (PROTOCOL 1.2). `lastSeq` is JSON text there.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
    """
    if action not in HANDSHAKE_ACTIONS:
        allowed = ", ".join(sorted(HANDSHAKE_ACTIONS))
        raise BadRequest(Code.UNKNOWN_ACTION, f"action in a URL must be one of {allowed}")
    values: dict[str, Any] = dict(parameters)
    try:
        if "lastSeq" in values:
            values["lastSeq"] = msgspec.json.decode(values["lastSeq"])
        return msgspec.convert(values, ACTIONS[action])
    except msgspec.ValidationError as error:
        raise _invalid(*_field_and_problem(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _invalid("lastSeq", "must be a JSON object") from None


def encode(message: Message) -> bytes:
    """The JSON text of a message, as it goes over the wire."""
    return _encode(message)


def encode_for_many(message: Message) -> bytes:
    """The same for what carries a payload of the user's.

    Raises:
        PayloadTooLarge: API Gateway would not carry it.
    """
    body = _encode(message)
    if len(body) > MESSAGE_BYTES:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"this would be a message of {len(body)} bytes, {MESSAGE_BYTES} are the most",
        )
    return body


def error_message(error: ClientError, envelope: Envelope, now: int) -> Error:
    """What the client is told of a refused message (PROTOCOL section 2).

    Every 400 has `details`; one that no single field is to blame for names the empty field.
    """
    message = Error(
        timestamp=now,
        status=error.status,
        code=error.code.value,
        message=error.message,
        action=envelope.echoed_action,
        id=envelope.echoed_id,
    )
    if error.retry_after is not None:
        message.retry_after = error.retry_after
    if error.status == 400:
        details = error.details or (("", error.message),)
        message.details = [FieldProblem(field, problem) for field, problem in details]
    return message


def _invalid(field: str, problem: str) -> BadRequest:
    text = f"{field}: {problem}" if field else problem
    return BadRequest(Code.INVALID_MESSAGE, text, details=[(field, problem)])


_PATH = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")


def _field_and_problem(text: str) -> tuple[str, str]:
    """Takes msgspec's sentence apart: `Expected `float`, got `str` - at `$.volume``."""
    at = _PATH.search(text)
    path = at["path"] if at else ""
    problem = text[: at.start()] if at else text
    missing = _MISSING.match(problem)
    if missing:
        return missing["name"], "is required"
    return path, problem.replace(r"\Z", "$")
