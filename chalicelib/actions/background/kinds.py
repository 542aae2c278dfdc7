"""The kinds of request that a client may submit, one function each."""

from collections.abc import Mapping
from typing import Any

from chalicelib.actions.background import report
from chalicelib.actions.background.requests import Progress, request_type
from chalicelib.actions.services import Services
from chalicelib.actions.session.sessions import active_session
from chalicelib.errors import Code, Forbidden
from chalicelib.stores.requests import BackgroundRequest


@request_type("sessionReport")
def session_report(
    services: Services, request: BackgroundRequest, _: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """What happened in the session so far; for its speaker only."""
    session = active_session(services, request.session_id)
    if session.speaker_connection_id != request.connection_id:
        raise Forbidden(Code.FORBIDDEN, "only the speaker may see the report of a session")
    progress(50)
    return report.build(services, session)
