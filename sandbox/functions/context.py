"""The second argument of a Lambda handler."""

import time
from functools import cached_property

from sandbox.http.identifiers import ACCOUNT, REGION, uuid_text


class LambdaContext:
    """What handlers read of AWS's context object.

    The time that remains is real time, as Lambda's is: moving the stack's clock does not take it.
    """

    function_version = "$LATEST"
    memory_limit_in_mb = "256"
    client_context = None
    identity = None

    def __init__(self, function_name: str, timeout: float) -> None:
        self.function_name = function_name
        self._deadline = time.monotonic() + timeout

    # What few handlers read is made when one does.

    @cached_property
    def aws_request_id(self) -> str:
        """Of this invocation."""
        return uuid_text()

    @property
    def invoked_function_arn(self) -> str:
        """As if it were deployed."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """As if it were deployed."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """One for each invocation."""
        return f"local/[$LATEST]{self.aws_request_id}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end this invocation; never below 0."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))
