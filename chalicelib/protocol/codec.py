"""Between text and the structs of this room: frames, handshake parameters, messages, errors."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from chalicelib.errors import BadRequest, ClientError, Code, PayloadTooLarge
from chalicelib.protocol import validation
from chalicelib.protocol.messages import Error, FieldProblem, Message
from chalicelib.protocol.requests import ACTIONS, HANDSHAKE_ACTIONS, MESSAGE_BYTES, Request

T = TypeVar("T", bound=msgspec.Struct)

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
        raise _no_object(body) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, body) from None


def guess_envelope(body: bytes) -> Envelope:
    """`action` and `id` of a frame that `open_envelope` refuses, for those who wait by `id`."""
    frame = _as_others_read(body)
    if not isinstance(frame, dict):
        return Envelope()
    return Envelope(**{name: _readable(frame.get(name)) for name in ("action", "id")})


def _as_others_read(body: bytes) -> object:
    """A frame with what RFC 8259 leaves to each parser, None if it is no JSON.

    Halves of a surrogate pair, as JavaScript writes a string that was cut inside an emoji, and
    numbers out of range: Python takes them, msgspec does not.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _readable(value: object) -> str | None:
    """What can be written as UTF-8 again."""
    if not isinstance(value, str) or (not value.isascii() and _HALF.search(value)):
        return None
    return value


_HALF = re.compile("[\ud800-\udfff]")


def decode_request(envelope: Envelope, body: bytes) -> Request:
    """The typed request of a frame.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
        PayloadTooLarge: more bytes than the action may have.
    """
    action = envelope.action
    if not isinstance(action, str):
        raise validation.invalid(("action", "is required: a string"))
    struct = ACTIONS.get(action)
    if struct is None:
        raise _unknown_action(f"there is no action {action[:64]!r}")
    if len(body) > struct.max_bytes:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"{action} may have {struct.max_bytes} bytes, this one has {len(body)}",
        )
    try:
        return decode_kindly(_decoders[action], body)
    except msgspec.ValidationError as error:
        raise validation.invalid_json(struct, body, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, body) from None


def decode_handshake(action: str, parameters: Mapping[str, str]) -> Request:
    """The typed request of a URL with `action=` (PROTOCOL 1.2). `lastSeq` is JSON text there.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
    """
    if action not in HANDSHAKE_ACTIONS:
        allowed = ", ".join(sorted(HANDSHAKE_ACTIONS))
        raise _unknown_action(f"action in a URL must be one of {allowed}")
    values: dict[str, Any] = dict(parameters)
    try:
        if "lastSeq" in values:
            values["lastSeq"] = msgspec.json.decode(values["lastSeq"])
            if values["lastSeq"] is None:
                del values["lastSeq"]
        return msgspec.convert(values, ACTIONS[action])
    except msgspec.ValidationError as error:
        raise validation.invalid_parameters(ACTIONS[action], values, error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise validation.invalid(("lastSeq", "must be a JSON object")) from None


def decode_kindly(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decodes an object; null in place of an optional field is as if the field were not there.

    Many languages write what they do not have so. Looked for only where a body does not fit as it
    is, so that those without nulls pay nothing. Raises what `decoder` does.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        absent = [name for name in _optional(decoder.type) if given.get(name) == validation.NULL]
        if not absent:
            raise
        for name in absent:
            del given[name]
        return decoder.decode(msgspec.json.encode(given))


@cache
def _optional(struct: type[msgspec.Struct]) -> frozenset[str]:
    fields = msgspec.structs.fields(struct)
    return frozenset(each.encode_name for each in fields if not each.required)


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
    """Return the message that tells a client of a refusal (PROTOCOL section 2)."""
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
        message.details = [FieldProblem(field, problem) for field, problem in error.details]
    return message


def _no_object(body: bytes) -> BadRequest:
    """Why a frame that does not begin as an object is refused: it may be no JSON at all."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return _no_json(error, body)
    problem = "a message is one JSON object with a string `action`"
    return BadRequest(Code.INVALID_MESSAGE, problem, details=[("", problem)])


def _no_json(error: Exception, body: bytes) -> BadRequest:
    if isinstance(error, RecursionError):
        return BadRequest(Code.INVALID_JSON, "the frame is nested too deeply")
    frame = _as_others_read(body)
    if frame is not None:
        problem = "half a surrogate pair in a string, or a number out of range"
        fields = frame if isinstance(frame, dict) else {}
        names = [name for name, value in fields.items() if not _is_plain(value)] or [""]
        return validation.invalid(*((_readable(name) or "", problem) for name in names))
    return BadRequest(Code.INVALID_JSON, f"the frame is not JSON: {error}")


def _is_plain(value: object) -> bool:
    """Whether msgspec reads it as others do."""
    try:
        msgspec.json.decode(json.dumps(value))
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _unknown_action(problem: str) -> BadRequest:
    return BadRequest(Code.UNKNOWN_ACTION, problem, details=[("action", problem)])
