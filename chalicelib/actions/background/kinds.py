"""The work of each kind of request that a client may submit."""

from collections.abc import Mapping
from typing import Any

from chalicelib.actions.background import report
from chalicelib.actions.background.run import Progress, request_type
from chalicelib.actions.services import Services
from chalicelib.actions.session.lookup import active_session
from chalicelib.errors import Code, Forbidden
from chalicelib.stores.requests import BackgroundRequest


@request_type("sessionReport")
def session_report(
    services: Services, request: BackgroundRequest, _: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Return the report of a session so far. Raises Forbidden: the client is not its speaker."""
    session = active_session(services, request.session_id)
    if session.speaker_connection_id != request.connection_id:
        raise Forbidden(Code.FORBIDDEN, "only the speaker may see the report of a session")
    progress(50)
    return report.build(services, session)
