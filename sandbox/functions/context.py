"""The second argument of a Lambda handler."""

import time
from functools import cached_property

from sandbox.http.identifiers import ACCOUNT, REGION, uuid_text


class LambdaContext:
    """The attributes of AWS's context object that handlers read.

    The time that remains is real time, as Lambda's is: moving the stack's clock takes none of it.
    """

    function_version = "$LATEST"
    memory_limit_in_mb = "256"
    client_context = None
    identity = None

    def __init__(self, function_name: str, timeout: float) -> None:
        self.function_name = function_name
        self._deadline = time.monotonic() + timeout

    @cached_property
    def aws_request_id(self) -> str:
        """The id of this invocation, made when a handler reads it."""
        return uuid_text()

    @property
    def invoked_function_arn(self) -> str:
        """The ARN that the deployed function would have."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """The log group that the deployed function would have."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """A log stream of this invocation's own."""
        return f"local/[$LATEST]{self.aws_request_id}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end this invocation; never below 0."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))
