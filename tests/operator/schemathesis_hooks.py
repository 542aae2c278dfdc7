"""Facts that Schemathesis cannot know: cursors are issued by the API, and which sessions exist.

It runs in its own process, which reads the sessions from `LECTERN_SESSIONS`: the first is read and
broadcast into, the second is ended.
"""

import os
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_LONGEST_CURSOR = 1024


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Remove invented cursors, and put an existing session where any would do."""
    if len(str((case.query or {}).get("cursor", ""))) <= _LONGEST_CURSOR:
        (case.query or {}).pop("cursor", None)
    if _is_positive(case) and "sessionId" in (case.path_parameters or {}):
        looked_at, to_be_ended = os.environ["LECTERN_SESSIONS"].split()
        is_end = case.operation.path.endswith("/end")
        case.path_parameters["sessionId"] = to_be_ended if is_end else looked_at


def _is_positive(case: schemathesis.Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
