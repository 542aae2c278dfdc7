"""Every error is a problem document (RFC 9457), whatever detects it."""

import pytest

from tests.operator.serving import Api, Reply
from tests.stack import Stack

SESSION = "/v1/sessions/golden-eagle-427"


def check(reply: Reply, status: int, code: str) -> None:
    """Check the required members of a problem document."""
    assert reply.status == status, reply
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.body["status"] == status
    assert reply.body["code"] == code
    assert reply.body["type"] == f"urn:lectern:problem:{code.lower().replace('_', '-')}"
    assert reply.body["title"]
    assert reply.body["detail"]
    assert reply.body["correlationId"] == reply.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/v1/sessions?limit=0", None, "limit"),
        ("GET", "/v1/sessions?limit=101", None, "limit"),
        ("GET", "/v1/sessions?limit=many", None, "limit"),
        ("GET", "/v1/sessions?cursor=nonsense", None, "cursor"),
        ("GET", "/v1/sessions/Nobody", None, "sessionId"),
        ("GET", "/v1/tenants/acme/sessions?active=perhaps", None, "active"),
        ("GET", "/v1/tenants/%FF/sessions", None, ""),
        ("GET", f"/v1/tenants/{'x' * 256}/sessions", None, "tenantId"),
        ("POST", f"{SESSION}/broadcasts", {}, "data"),
        ("POST", f"{SESSION}/broadcasts", {"data": 1, "targetLanguage": "x"}, "targetLanguage"),
        ("POST", f"{SESSION}/broadcasts", [], ""),
        ("POST", "/v1/tenants/acme/messages", {"text": "no data"}, "data"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_an_invalid_field_is_named(
    api: Api, method: str, path: str, body: object, field: str
) -> None:
    reply = api.ask(method, path, body)

    check(reply, 400, "INVALID_MESSAGE")
    assert [each["field"] for each in reply.body["errors"]] == [field]
    assert all(each["problem"] for each in reply.body["errors"])


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff", b'{"data": "\xff"}', b'{"data":' + b"[" * 100_000]
)
@pytest.mark.usefixtures("stack")
def test_a_body_that_is_not_json_is_refused(api: Api, body: bytes) -> None:
    check(api.ask("POST", f"{SESSION}/broadcasts", body), 400, "INVALID_JSON")


@pytest.mark.usefixtures("stack")
def test_a_body_of_another_media_type_is_415(api: Api) -> None:
    reply = api.ask("POST", f"{SESSION}/broadcasts", b"<data/>", Content_Type="text/xml")

    check(reply, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.usefixtures("stack")
def test_a_method_that_a_path_does_not_have_is_405(api: Api) -> None:
    reply = api.ask("DELETE", "/v1/sessions")

    check(reply, 405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == "GET"


@pytest.mark.parametrize("headers", [{}, {"Authorization": 'Bearer "quoted"'}], ids=str)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/v1/nowhere?limit=1")])
@pytest.mark.usefixtures("stack")
def test_an_unknown_path_is_refused_as_by_api_gateway(
    api: Api, method: str, path: str, headers: dict[str, str]
) -> None:
    reply = api.ask(method, path, **headers)

    assert (reply.status, reply.headers["Content-Type"]) == (403, "application/problem+json")
    assert reply.body == {
        "type": "about:blank",
        "title": "MISSING_AUTHENTICATION_TOKEN",
        "status": 403,
        "detail": f"there is no {path.partition('?')[0]}",
        "code": "MISSING_AUTHENTICATION_TOKEN",
        "correlationId": reply.headers["X-Request-Id"],
    }


def test_a_missing_table_is_500_with_an_id_for_the_log(stack: Stack, api: Api) -> None:
    broken = Stack(stack.aws, SESSIONS_TABLE_NAME="no-such-table")

    reply = api.ask("GET", SESSION)

    check(reply, 500, "INTERNAL_ERROR")
    (line,) = [each for each in broken.events() if each.get("event") == "operationFailed"]
    assert line["correlationId"] == reply.body["correlationId"]
    assert "no-such-table" not in str(reply.body)


def test_a_service_that_is_down_is_503_with_retry_after(stack: Stack, api: Api) -> None:
    stack.jobs.broken = True

    reply = api.ask("DELETE", "/v1/tenants/default/users/carl/connections")

    check(reply, 503, "SERVICE_UNAVAILABLE")
    assert reply.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "headers", [{"Host": "example.com"}, {"Origin": "https://example.com"}, {"Origin": "null"}]
)
@pytest.mark.usefixtures("stack")
def test_a_page_of_another_site_is_refused(api: Api, headers: dict[str, str]) -> None:
    reply = api.ask("GET", "/v1/sessions", **headers)

    assert (reply.status, reply.body["code"]) == (403, "FORBIDDEN")
    assert "is not of this machine" in reply.body["detail"]
    assert api.get("/v1/sessions")["sessions"] == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.usefixtures("stack")
def test_a_body_that_a_form_could_send_is_refused(api: Api, kind: str) -> None:
    body = b'{"data": 1}'

    reply = api.ask("POST", "/v1/sessions/golden-eagle-427/broadcasts", body, Content_Type=kind)

    assert reply.status == 415
