"""Sessions with heartbeats, counts and broadcasts, like the samples for Chalice and boto3.

It has the shape of the documentation's chat sample: connections in a table whose index projects
everything, each heartbeat written, replies sent over `@connections`, everything else found by
scanning. `bench/cost.py` counts its usage. It logs as little as Lectern: one line for each event.
"""

import json
import logging
import os
import time
from collections import Counter
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, Key
from chalice import Chalice, Rate
from chalice.app import CloudWatchEvent, WebsocketEvent

TABLES: dict[str, dict[str, Any]] = {
    "connections": {
        "AttributeDefinitions": [
            {"AttributeName": "connectionId", "AttributeType": "S"},
            {"AttributeName": "sessionId", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "connectionId", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "sessionId-index",
                "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    },
    "sessions": {
        "AttributeDefinitions": [{"AttributeName": "sessionId", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
IDLE_SECONDS = 120

app = Chalice(app_name="peer-sessions")
app.experimental_feature_flags.update(["WEBSOCKETS"])
app.websocket_api.session = boto3.Session()
app.log.setLevel(logging.INFO)

dynamodb = boto3.resource("dynamodb")
connections = dynamodb.Table(os.environ.get("PEER_CONNECTIONS", "connections"))
sessions = dynamodb.Table(os.environ.get("PEER_SESSIONS", "sessions"))


@app.on_ws_connect(name="connect")
def connect(event: WebsocketEvent) -> dict[str, Any]:
    """Store the connection of a new socket."""
    now = int(time.time() * 1000)
    item = {"connectionId": event.connection_id, "connectedAt": now, "lastActivityTime": now}
    connections.put_item(Item=item | {"expiresAt": now // 1000 + 4 * 3600})
    app.log.info(json.dumps({"message": "connected"}))
    return {"statusCode": 200}


@app.on_ws_message(name="message")
def message(event: WebsocketEvent) -> dict[str, Any]:
    """Perform the action of a message, and send the reply over the socket."""
    frame = event.json_body
    reply = ACTIONS[frame["action"]](event.connection_id, frame)
    app.websocket_api.send(event.connection_id, json.dumps(reply))
    app.log.info(json.dumps({"message": "done", "action": frame["action"]}))
    return {"statusCode": 200}


@app.on_ws_disconnect(name="disconnect")
def disconnect(event: WebsocketEvent) -> dict[str, Any]:
    """Delete the connection of a closed socket, and decrement its session's count."""
    answer = connections.delete_item(
        Key={"connectionId": event.connection_id}, ReturnValues="ALL_OLD"
    )
    gone = answer.get("Attributes", {})
    if gone.get("role") == "listener":
        _count(gone["sessionId"], -1)
    app.log.info(json.dumps({"message": "disconnected"}))
    return {"statusCode": 200}


@app.schedule(Rate(1, unit=Rate.MINUTES), name="publish_status")
def publish_status(_: CloudWatchEvent) -> None:
    """Count each active session's listeners and send a status to its speaker, every minute."""
    for session in sessions.scan(FilterExpression=Attr("isActive").eq(True))["Items"]:
        listening = connections.scan(
            FilterExpression=Attr("sessionId").eq(session["sessionId"])
            & Attr("role").eq("listener")
        )["Items"]
        status = {
            "type": "sessionStatus",
            "sessionId": session["sessionId"],
            "listenerCount": len(listening),
            "languageDistribution": Counter(each["targetLanguage"] for each in listening),
            "timestamp": int(time.time() * 1000),
        }
        app.websocket_api.send(session["speakerConnectionId"], json.dumps(status))
    app.log.info(json.dumps({"message": "published"}))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(_: CloudWatchEvent) -> None:
    """Close connections that were silent for two minutes, every minute."""
    silent_since = int(time.time() - IDLE_SECONDS) * 1000
    idle = connections.scan(FilterExpression=Attr("lastActivityTime").lt(silent_since))["Items"]
    for each in idle:
        app.websocket_api.close(each["connectionId"])
    app.log.info(json.dumps({"message": "swept", "closed": len(idle)}))


def create(connection_id: str, frame: dict[str, Any]) -> dict[str, Any]:
    """Create a session, and put its speaker's connection in it."""
    session_id = frame["sessionId"]
    sessions.put_item(
        Item={
            "sessionId": session_id,
            "speakerConnectionId": connection_id,
            "sourceLanguage": frame["sourceLanguage"],
            "isActive": True,
            "createdAt": int(time.time()),
            "listenerCount": 0,
        }
    )
    _enter(connection_id, session_id, "speaker", frame["sourceLanguage"])
    return {"type": "sessionCreated", "sessionId": session_id}


def join(connection_id: str, frame: dict[str, Any]) -> dict[str, Any]:
    """Add a listener."""
    session = sessions.get_item(Key={"sessionId": frame["sessionId"]})["Item"]
    _enter(connection_id, session["sessionId"], "listener", frame["targetLanguage"])
    _count(session["sessionId"], 1)
    return {
        "type": "sessionJoined",
        "sessionId": session["sessionId"],
        "sourceLanguage": session["sourceLanguage"],
        "targetLanguage": frame["targetLanguage"],
    }


def heartbeat(connection_id: str, _: dict[str, Any]) -> dict[str, Any]:
    """Write the activity of every heartbeat."""
    now = int(time.time() * 1000)
    answer = connections.update_item(
        Key={"connectionId": connection_id},
        UpdateExpression="SET lastActivityTime = :now",
        ExpressionAttributeValues={":now": now},
        ReturnValues="ALL_NEW",
    )
    age = (now - int(answer["Attributes"]["connectedAt"])) // 1000
    return {"type": "heartbeatAck", "timestamp": now, "connectionAge": age}


def broadcast(connection_id: str, frame: dict[str, Any]) -> dict[str, Any]:
    """Post to every listener of the speaker's session, one after the other."""
    speaker = connections.get_item(Key={"connectionId": connection_id})["Item"]
    session_id = speaker["sessionId"]
    found = connections.query(
        IndexName="sessionId-index", KeyConditionExpression=Key("sessionId").eq(session_id)
    )["Items"]
    told = {"type": "broadcast", "sessionId": session_id, "data": frame["data"]}
    recipients = [each["connectionId"] for each in found if each["role"] == "listener"]
    for each in recipients:
        app.websocket_api.send(each, json.dumps(told))
    return {"type": "broadcastAccepted", "recipients": len(recipients)}


def _enter(connection_id: str, session_id: str, role: str, language: str) -> None:
    connections.update_item(
        Key={"connectionId": connection_id},
        UpdateExpression="SET sessionId = :session, #role = :role, targetLanguage = :language",
        ExpressionAttributeNames={"#role": "role"},
        ExpressionAttributeValues={":session": session_id, ":role": role, ":language": language},
    )


def _count(session_id: str, change: int) -> None:
    sessions.update_item(
        Key={"sessionId": session_id},
        UpdateExpression="ADD listenerCount :change",
        ExpressionAttributeValues={":change": change},
    )


ACTIONS = {
    "createSession": create,
    "joinSession": join,
    "heartbeat": heartbeat,
    "broadcast": broadcast,
}
