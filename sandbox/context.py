"""The second argument of a Lambda handler."""

import time
import uuid

REGION = "us-east-1"
ACCOUNT = "123456789012"


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
        self.aws_request_id = str(uuid.uuid4())
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function_name}"
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = f"local/[$LATEST]{self.aws_request_id}"
        self._deadline = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end this invocation; never below 0."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))
