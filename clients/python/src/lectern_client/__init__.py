"""Lectern's client for asyncio. The protocol is the contract; messages keep its field names.

session = await join_session("wss://…/prod", session_id="golden-eagle-427", target_language="es")
async for message in session:
    print(message["data"])
"""

from lectern_client.api import create_session, join_session, resume_session
from lectern_client.errors import LecternError
from lectern_client.link import join_link, read_join_link
from lectern_client.listener import ListenerSession
from lectern_client.messages import Broadcast, Gap, SessionStatus
from lectern_client.options import Options, Timers
from lectern_client.sending.background import BackgroundRequest
from lectern_client.session import Session
from lectern_client.speaker import SpeakerSession
from lectern_client.streams import Streams

__all__ = [
    "BackgroundRequest",
    "Broadcast",
    "Gap",
    "LecternError",
    "ListenerSession",
    "Options",
    "Session",
    "SessionStatus",
    "SpeakerSession",
    "Streams",
    "Timers",
    "create_session",
    "join_link",
    "join_session",
    "read_join_link",
    "resume_session",
]
