"""Functions that open a session."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from lectern_client.connection.participant import Participant
from lectern_client.listener import ListenerSession
from lectern_client.messages import LastSeq
from lectern_client.options import Options, Token
from lectern_client.speaker import SpeakerSession
from lectern_client.streams import Streams


async def create_session(
    url: str,
    *,
    source_language: str,
    token: Token,
    quality_tier: Literal["standard", "premium"] | None = None,
    private: bool | None = None,
    languages: Sequence[str] | None = None,
    options: Options | None = None,
) -> SpeakerSession:
    """Create a session as its speaker. Return once it is open.

    `url` is the stack's address, `wss://…/{stage}`; `token` a JWT, or a function that supplies one.
    Only who has the `join_key` can listen to a `private` session, and only to its `languages`.

    Raises:
        LecternError: the stack refused, or could not be reached in `connect_attempts`.
    """
    fields = _given(
        sourceLanguage=source_language,
        qualityTier=quality_tier,
        private=private,
        languages=None if languages is None else list(languages),
    )
    session = SpeakerSession(url, _with_token(options, token), Participant("speaker"))
    return await session.start(("createSession", fields))


async def join_session(
    url: str,
    *,
    session_id: str,
    target_language: str,
    token: Token | None = None,
    join_key: str | None = None,
    resume_token: str | None = None,
    last_seq: LastSeq | None = None,
    options: Options | None = None,
) -> ListenerSession:
    """Join a session as a listener. Return once it is open.

    `join_key` is the key of a private session. With `resume_token` and `last_seq` it continues
    where an earlier one left off.

    Raises:
        LecternError: as `create_session`.
    """
    streams = Streams(target_language, last_seq)
    participant = Participant(
        "listener",
        session_id=session_id,
        target_language=target_language,
        join_key=join_key,
        resume_token=resume_token,
        streams=streams,
    )
    fields = _given(
        sessionId=session_id,
        targetLanguage=target_language,
        joinKey=join_key,
        resumeToken=resume_token,
        lastSeq=last_seq,
    )
    session = ListenerSession(url, _with_token(options, token), participant, streams)
    return await session.start(("joinSession", fields))


async def resume_session(
    url: str,
    *,
    session_id: str,
    token: Token,
    resume_token: str | None = None,
    options: Options | None = None,
) -> SpeakerSession:
    """Take over a running session as its speaker, for example after a restart (PROTOCOL 6.1, 6.3).

    Raises:
        LecternError: as `create_session`.
    """
    participant = Participant("speaker", session_id=session_id, resume_token=resume_token)
    fields = _given(sessionId=session_id, role="speaker", resumeToken=resume_token)
    session = SpeakerSession(url, _with_token(options, token), participant)
    return await session.start(("refreshConnection", fields))


def _with_token(options: Options | None, token: Token | None) -> Options:
    return replace(options or Options(), token=token)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
