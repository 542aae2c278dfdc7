"""The field types that several messages share (PROTOCOL section 3)."""

from typing import Annotated, Literal

from msgspec import Meta

# `\Z` and not `$`: Python's `$` also matches before a final newline.
SESSION_ID_PATTERN = r"^[a-z]+-[a-z]+-[0-9]{3}\Z"
_LANGUAGE = "[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?"
LANGUAGE_PATTERN = rf"^{_LANGUAGE}\Z"
STREAM_PATTERN = rf"^(\*|{_LANGUAGE})\Z"
TOPIC_PATTERN = r"^[A-Za-z0-9._-]{1,64}\Z"

SessionIdField = Annotated[str, Meta(pattern=SESSION_ID_PATTERN, max_length=64)]
Language = Annotated[str, Meta(pattern=LANGUAGE_PATTERN)]
Languages = Annotated[list[Language], Meta(min_length=1, max_length=100)]
"""The languages that a session may have: a list in JSON, `es,fr` in a URL."""
JoinKey = Annotated[str, Meta(max_length=128)]
Stream = Annotated[str, Meta(pattern=STREAM_PATTERN)]
Topic = Annotated[str, Meta(pattern=TOPIC_PATTERN)]
MessageId = Annotated[str, Meta(max_length=128)]
QualityTier = Literal["standard", "premium"]
RoleName = Literal["speaker", "listener"]
LastSeq = dict[Stream, Annotated[int, Meta(ge=0, le=2**53)]]
"""The last seq of each stream, seen by a client or given by the stack: `{"*": 12, "es": 40}`."""
Volume = Annotated[float, Meta(ge=0.0, le=1.0)]
TokenText = Annotated[str, Meta(max_length=4096)]
