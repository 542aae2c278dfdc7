"""What can go wrong, what the operator is told to do about it, and with which code the tool ends.

0: done. 1: the stack refuses, or is not healthy. 2: wrong usage. 3: the stack does not answer.
4: AWS does not let us in. 130: interrupted.
"""


class Failure(Exception):  # noqa: N818 - what happened, not a defect
    """`problem` says what happened, `advice` what to do."""

    exit_code = 1

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


class Refused(Failure):
    """The API answered with an error. `status` and `code` are the problem's (RFC 9457)."""

    def __init__(self, status: int, code: str, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.status = status
        self.code = code


class WrongUsage(Failure):
    """What was asked for makes no sense."""

    exit_code = 2


class Unreachable(Failure):
    """Nothing answers, or something that is not the operator API."""

    exit_code = 3


class NotLetIn(Failure):
    """No credentials, or not those of somebody who may."""

    exit_code = 4
