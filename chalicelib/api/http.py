"""Between HTTP and the operations: decodes a request, runs one operation, maps errors."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from chalice.app import Request, Response

from chalicelib.actions.services import Services
from chalicelib.api.operations import OPERATIONS, ApiCall, Operation
from chalicelib.api.problems import CONTENT_TYPE, framework_problem, problem_of
from chalicelib.api.responses import ApiResponse
from chalicelib.errors import BadRequest, Code, client_error
from chalicelib.protocol.codec import decode_with_nulls
from chalicelib.protocol.validation import invalid, invalid_json, invalid_parameters

_REQUEST_ID = "X-Request-Id"


def handle(services: Services, name: str, request: Request) -> Response:
    """Run an operation by name, and return its response or its problem. Never raises."""
    operation, request_id = OPERATIONS[name], request.lambda_context.aws_request_id
    with services.telemetry.invocation("api_handler", request_id):
        try:
            done = operation.run(services, _call(operation, request, request_id))
            status, headers, body = operation.status(done), {}, done
        except Exception as error:  # every request gets a response
            refusal = client_error(error)
            if refusal is not error:
                services.telemetry.error("operationFailed", exception=error, operation=name)
            status, body = refusal.status, problem_of(refusal, request_id)
            headers = {"Content-Type": CONTENT_TYPE}
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
        if operation.method != "GET" or status >= 400:
            _log(services, name, request, status)
    return _response(body, status, headers | {_REQUEST_ID: request_id})


def as_problem(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Return a response of ours as it is, and one of Chalice's (405, 415, 500) as a problem."""
    response = get_response(request)
    if _REQUEST_ID in response.headers:
        return response
    request_id = request.lambda_context.aws_request_id
    headers = {**response.headers, "Content-Type": CONTENT_TYPE, _REQUEST_ID: request_id}
    return _response(
        framework_problem(response.status_code, request_id), response.status_code, headers
    )


def _response(body: ApiResponse, status: int, headers: Mapping[str, str]) -> Response:
    named = {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}
    return Response(msgspec.json.encode(body).decode(), named, status)


def _call(operation: Operation, request: Request, request_id: str) -> ApiCall:
    context = request.lambda_context
    return ApiCall(
        parameters=_parameters(operation, request),
        body=None if operation.body is None else _body(operation.body, request),
        request_id=request_id,
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
    )


def _parameters(operation: Operation, request: Request) -> Any:
    """Decode path and query parameters. API Gateway has decoded the query, but not the path."""
    values = {name: request.query_params[name] for name in request.query_params or {}}
    try:
        for name, text in (request.uri_params or {}).items():
            values[name] = unquote(text, errors="strict")
        return msgspec.convert(values, operation.parameters, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_parameters(operation.parameters, values, error, strict=False) from None
    except UnicodeDecodeError:
        raise invalid(("", "the path is not UTF-8")) from None


def _body(struct: type[msgspec.Struct], request: Request) -> Any:
    """Decode the body. Raises BadRequest: INVALID_JSON, or INVALID_MESSAGE with `details`."""
    body = request.raw_body
    try:
        body.decode()  # msgspec does not look into a Raw field
        return decode_with_nulls(msgspec.json.Decoder(struct), body)
    except msgspec.ValidationError as error:
        raise invalid_json(struct, body, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(Code.INVALID_JSON, f"the body is not JSON: {error}") from None


def _log(services: Services, name: str, request: Request, status: int) -> None:
    """Log a change or a refusal. `caller` is the IAM identity, on AWS.

    Reads are in API Gateway's access log only: `watch` would fill ours.
    """
    identity = request.context.get("identity") or {}
    services.telemetry.info(
        "operatorCall",
        operation=name,
        status=status,
        caller=identity.get("userArn"),
        **{each: unquote(text) for each, text in (request.uri_params or {}).items()},
    )
