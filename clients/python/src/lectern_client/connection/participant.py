"""The participant that a connection speaks for."""

from dataclasses import dataclass
from typing import Any

from lectern_client.errors import LecternError
from lectern_client.messages import Message, Role
from lectern_client.streams import Streams

FirstRequest = tuple[str, dict[str, Any]]
"""The action and fields that attach a new connection to a session."""


@dataclass
class Participant:
    """A participant as the stack knows it. `streams` are a listener's."""

    role: Role
    session_id: str = ""
    source_language: str = ""
    target_language: str = ""
    join_key: str | None = None
    resume_token: str | None = None
    expires_at: int | None = None
    streams: Streams | None = None

    @property
    def heartbeat_fields(self) -> dict[str, Any]:
        """Only a listener asks for the streams' positions."""
        return {} if self.streams is None else {"wantSeq": True}

    def update(self, reply: Message) -> None:
        """Take over what the reply to a first request says."""
        self.session_id = reply.get("sessionId", self.session_id)
        self.source_language = reply.get("sourceLanguage", self.source_language)
        self.target_language = reply.get("targetLanguage", self.target_language)
        self.join_key = reply.get("joinKey", self.join_key)
        self.resume_token = reply.get("resumeToken", self.resume_token)
        self.expires_at = reply.get("expiresAt", self.expires_at)

    def return_request(self, *, is_connected: bool) -> FirstRequest:
        """Return the first request of the next connection (PROTOCOL 6.1, 6.3).

        A listener without a connection joins again; everybody else moves by `refreshConnection`.
        """
        fields: dict[str, Any] = {"sessionId": self.session_id}
        if self.join_key:
            fields["joinKey"] = self.join_key
        if self.resume_token:
            fields["resumeToken"] = self.resume_token
        if self.streams is not None:
            fields |= {"targetLanguage": self.target_language, "lastSeq": self.streams.last_seq}
            if not is_connected:
                return "joinSession", fields
        return "refreshConnection", fields | {"role": self.role}

    def drop_refused_token(self, error: LecternError) -> bool:
        """Forget a listener's resume token if `error` refuses it: it can join as a new listener.

        Returns True if it was forgotten.
        """
        is_refusal = error.action == "joinSession" and error.status in {401, 403}
        if not is_refusal or self.resume_token is None:
            return False
        self.resume_token = None
        return True
