"""The check of the management API: the key's owner needs `execute-api:ManageConnections`."""

import time
from urllib.parse import unquote

from localcloud.context import Context
from localcloud.errors import DeniedError
from localcloud.gateway.stages import Stages
from localcloud.permissions import Permissions
from sandbox.gateway.management import SERVICE, Check
from sandbox.http.signature import (
    Credentials,
    SignatureError,
    SignedRequest,
    access_key_of,
    verify,
)

ACTION = "execute-api:ManageConnections"


def check_signature(context: Context, permissions: Permissions, request: SignedRequest) -> str:
    """Return the access key of a request that is signed correctly. Raises SignatureError.

    Functions sign by the stack's clock, other callers by the machine's.
    """
    key = access_key_of(request)
    secret = permissions.secret_of(key)
    if secret is None:
        raise SignatureError("The security token included in the request is invalid")
    verify(request, Credentials(key, secret), SERVICE, time.time(), context.clock() / 1000)
    return key


def check_with(context: Context, stages: Stages, permissions: Permissions) -> Check:
    """Return the check of each request."""

    def check(request: SignedRequest) -> None:
        key = check_signature(context, permissions, request)
        _, stage, _, connection_id = request.path.split("/", 3)
        prefix = f"arn:aws:execute-api:{context.region}:{context.account}:{stages.api_of(stage)}"
        resource = f"{prefix}/{stage}/{request.method}/@connections/{unquote(connection_id)}"
        try:
            permissions.authorize(key, [(ACTION, resource)])
        except DeniedError as denied:
            # A response never repeats a connection id.
            raise SignatureError(str(denied).replace(unquote(connection_id), "*")) from None

    return check
