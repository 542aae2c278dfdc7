"""Decoding of frames and handshake parameters, encoding of messages and errors."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from chalicelib.errors import BadRequest, ClientError, Code, PayloadTooLarge
from chalicelib.protocol import validation
from chalicelib.protocol.messages import Error, FieldProblem, Message
from chalicelib.protocol.nesting import MAX_DEPTH, is_nested_deeper
from chalicelib.protocol.requests import ACTIONS, HANDSHAKE_ACTIONS, MESSAGE_BYTES, Request

T = TypeVar("T", bound=msgspec.Struct)

_encode = msgspec.json.Encoder().encode
_decoders = {name: msgspec.json.Decoder(struct) for name, struct in ACTIONS.items()}


class Envelope(msgspec.Struct, frozen=True):
    """The fields of a refused message that its error repeats."""

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
_TOO_DEEP = f"the frame is nested deeper than {MAX_DEPTH}"
_READABLE_DEPTH = 500
"""Nesting that every Python reads: a frame that is refused is still looked into for its `id`."""


def open_envelope(body: bytes) -> Envelope:
    """Decode only `action` and `id` of a frame, of any type.

    Raises:
        BadRequest: INVALID_JSON, also for a frame that is nested deeper than 64, or
            INVALID_MESSAGE for JSON that is not an object.
    """
    if is_nested_deeper(body):
        raise BadRequest(Code.INVALID_JSON, _TOO_DEEP)
    try:
        # msgspec does not check strings that it skips, such as those in `data`.
        body.decode()
        return _envelope.decode(body)
    except msgspec.ValidationError:
        raise _not_an_object(body) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(error, body) from None


def guess_envelope(body: bytes) -> Envelope:
    """Return `action` and `id` of a frame that `open_envelope` refuses, for its error."""
    frame = _decode_leniently(body)
    if not isinstance(frame, dict):
        return Envelope()
    return Envelope(**{name: _readable(frame.get(name)) for name in ("action", "id")})


def _decode_leniently(body: bytes) -> object:
    """Decode a frame as a lenient parser does; None if it is not JSON.

    RFC 8259 leaves two things to each parser: half a surrogate pair, as JavaScript writes a string
    that was cut inside an emoji, and numbers out of range. Python accepts them, msgspec does not.
    """
    if is_nested_deeper(body, than=_READABLE_DEPTH):
        return None
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except ValueError:
        return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _readable(value: object) -> str | None:
    """Return a string that can be encoded as UTF-8, None for any other value."""
    if not isinstance(value, str) or (not value.isascii() and _HALF.search(value)):
        return None
    return value


_HALF = re.compile("[\ud800-\udfff]")


def decode_request(envelope: Envelope, body: bytes) -> Request:
    """Decode the request of a frame.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
        PayloadTooLarge: the frame has more bytes than the action may have.
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
            f"{action} may have at most {struct.max_bytes} bytes, this message has {len(body)}",
        )
    try:
        return decode_with_nulls(_decoders[action], body)
    except msgspec.ValidationError as error:
        raise validation.invalid_json(struct, body, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(error, body) from None


def decode_handshake(action: str, parameters: Mapping[str, str]) -> Request:
    """Decode the request of a URL with `action=` (PROTOCOL 1.2).

    There `lastSeq` is JSON text, `private` is `true` or `false`, and `languages` is `es,fr`.

    Raises:
        BadRequest: UNKNOWN_ACTION, or INVALID_MESSAGE with the field in `details`.
    """
    if action not in HANDSHAKE_ACTIONS:
        allowed = ", ".join(sorted(HANDSHAKE_ACTIONS))
        raise _unknown_action(f"action in a URL must be one of {allowed}")
    values: dict[str, Any] = dict(parameters)
    try:
        _decode_texts(values)
        if "lastSeq" in values:
            values["lastSeq"] = msgspec.json.decode(values["lastSeq"])
            if values["lastSeq"] is None:
                del values["lastSeq"]
        return msgspec.convert(values, ACTIONS[action])
    except msgspec.ValidationError as error:
        raise validation.invalid_parameters(ACTIONS[action], values, error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise validation.invalid(("lastSeq", "must be a JSON object")) from None


_BOOLEANS = {"true": True, "false": False}


def _decode_texts(values: dict[str, Any]) -> None:
    """Replace a URL's texts by what they stand for; one that stands for nothing is left."""
    if "private" in values:
        values["private"] = _BOOLEANS.get(values["private"], values["private"])
    if "languages" in values:
        values["languages"] = values["languages"].split(",")


def decode_with_nulls(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode an object. An optional field that is null counts as absent.

    Many languages encode absent values so. Nulls are looked for only after a first try has failed,
    so that messages without nulls cost no more. Raises the errors of `decoder`.
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
    """Return the JSON text of a message."""
    return _encode(message)


def encode_for_many(message: Message) -> bytes:
    """Return the JSON text of a message that carries a user's payload.

    Raises:
        PayloadTooLarge: it is larger than API Gateway can send.
    """
    body = _encode(message)
    if len(body) > MESSAGE_BYTES:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"the message would have {len(body)} bytes, the maximum is {MESSAGE_BYTES}",
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


def _not_an_object(body: bytes) -> BadRequest:
    """Return the refusal of a frame that is not an object, or not JSON at all."""
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        return _not_json(error, body)
    problem = "a message must be a JSON object with a string `action`"
    return BadRequest(Code.INVALID_MESSAGE, problem, details=[("", problem)])


def _not_json(error: Exception, body: bytes) -> BadRequest:
    frame = _decode_leniently(body)
    if frame is not None:
        problem = "has half a surrogate pair in a string, or a number out of range"
        fields = frame if isinstance(frame, dict) else {}
        names = [name for name, value in fields.items() if not _is_plain(value)] or [""]
        return validation.invalid(*((_readable(name) or "", problem) for name in names))
    return BadRequest(Code.INVALID_JSON, f"the frame is not JSON: {error}")


def _is_plain(value: object) -> bool:
    """Return True if msgspec accepts the value."""
    try:
        msgspec.json.decode(json.dumps(value))
    except msgspec.DecodeError:
        return False
    return True


def _unknown_action(problem: str) -> BadRequest:
    return BadRequest(Code.UNKNOWN_ACTION, problem, details=[("action", problem)])
