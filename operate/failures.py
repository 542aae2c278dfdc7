"""The failures of the tool: what happened, advice for the operator, and an exit code.

Exit codes: 0 done; 1 refused, or unhealthy; 2 wrong usage; 3 no response; 4 no valid AWS
credentials or permission; 130 interrupted.
"""


class Failure(Exception):  # noqa: N818 - an outcome, not a defect
    """A failure: `problem` says what happened, `advice` what to do."""

    exit_code = 1

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


class Refused(Failure):
    """The API returned an error, with the status and code of its problem document (RFC 9457)."""

    def __init__(self, status: int, code: str, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.status = status
        self.code = code


class WrongUsage(Failure):
    """The arguments make no sense."""

    exit_code = 2


class Unreachable(Failure):
    """Nothing responds, or something that is not the operator API."""

    exit_code = 3


class AccessDenied(Failure):
    """AWS credentials are missing or not sufficient."""

    exit_code = 4
