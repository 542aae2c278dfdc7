"""What Schemathesis cannot know: cursors are given out, and which sessions there are.

It runs in a process of its own, which finds the sessions in `LECTERN_SESSIONS`: the first is there
to be looked at and spoken into, the second to be ended.
"""

import os
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_LONGEST_CURSOR = 1024


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Takes made-up cursors out, and names a session that is there where any would do."""
    if len(str((case.query or {}).get("cursor", ""))) <= _LONGEST_CURSOR:
        (case.query or {}).pop("cursor", None)
    if _is_positive(case) and "sessionId" in (case.path_parameters or {}):
        looked_at, to_be_ended = os.environ["LECTERN_SESSIONS"].split()
        is_end = case.operation.path.endswith("/end")
        case.path_parameters["sessionId"] = to_be_ended if is_end else looked_at


def _is_positive(case: schemathesis.Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
