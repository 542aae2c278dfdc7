"""Sessions over WebSockets, written with Chalice and boto3 as in their documentation.

`$connect` does the same as Lectern's: it counts the handshakes of an address, verifies a token if
there is one, puts the connection into its table, and logs a line.
"""

import hashlib
import json
import logging
import os
import time
from typing import Any

import boto3
import jwt
from chalice import Chalice, ForbiddenError, TooManyRequestsError
from chalice.app import WebsocketEvent

app = Chalice(app_name="peer")
app.experimental_feature_flags.update(["WEBSOCKETS"])
app.websocket_api.session = boto3.Session()
app.log.setLevel(logging.INFO)

dynamodb = boto3.resource("dynamodb")
connections = dynamodb.Table(os.environ.get("CONNECTIONS_TABLE_NAME", "connections"))
rate_limits = dynamodb.Table(os.environ.get("RATE_LIMITS_TABLE_NAME", "rate_limits"))
jwks = jwt.PyJWKClient(os.environ.get("JWT_JWKS_URL", "https://issuer.example/keys"))


@app.on_ws_connect(name="connect")
def connect(event: WebsocketEvent) -> dict[str, Any]:
    """Handle a handshake."""
    whole = event.to_dict()
    context, query = whole["requestContext"], whole.get("queryStringParameters") or {}
    limit(context["identity"]["sourceIp"])
    claims = verify(query["token"]) if "token" in query else {}
    if query.get("role") == "speaker" and not claims:
        raise ForbiddenError("a speaker needs a token")
    now = int(time.time())
    item = {
        "connectionId": event.connection_id,
        "role": query.get("role", "listener"),
        "connectedAt": context["connectedAt"],
        "lastActivityTime": now * 1000,
        "expiresAt": now + 4 * 3600,
    }
    if claims:
        item |= {"userId": claims["sub"], "tokenExpiresAt": claims["exp"] * 1000}
    connections.put_item(Item=item)
    app.log.info(json.dumps({"message": "connected", "role": item["role"]}))
    return {"statusCode": 200}


@app.on_ws_message(name="message")
def message(event: WebsocketEvent) -> dict[str, Any]:
    """Handle a heartbeat: read the connection, write its activity if due, and reply."""
    frame = event.json_body
    item = connections.get_item(Key={"connectionId": event.connection_id})["Item"]
    now = int(time.time() * 1000)
    if now - int(item["lastActivityTime"]) > 30_000:
        connections.update_item(
            Key={"connectionId": event.connection_id},
            UpdateExpression="SET lastActivityTime = :now",
            ExpressionAttributeValues={":now": now},
        )
    ack = {
        "type": "heartbeatAck",
        "timestamp": now,
        "id": frame.get("id"),
        "connectionAge": (now - int(item["connectedAt"])) // 1000,
        "heartbeatInterval": 50,
    }
    app.log.info(json.dumps({"message": "heartbeat"}))
    return {"statusCode": 200, "body": json.dumps(ack)}


def limit(address: str) -> None:
    """Limit an address to twenty handshakes a minute."""
    window = int(time.time()) // 60
    hashed = hashlib.sha256(address.encode()).hexdigest()
    answer = rate_limits.update_item(
        Key={"bucket": f"connect:address:{hashed}:{window}"},
        UpdateExpression="SET expiresAt = :expires ADD #count :one",
        ExpressionAttributeNames={"#count": "count"},
        ExpressionAttributeValues={":one": 1, ":expires": (window + 2) * 60},
        ReturnValues="ALL_NEW",
    )
    if answer["Attributes"]["count"] > 20:
        raise TooManyRequestsError("too many handshakes")


def verify(token: str) -> dict[str, Any]:
    """Return the claims of a valid token."""
    key = jwks.get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(token, key.key, algorithms=["RS256", "ES256"])
    return claims
