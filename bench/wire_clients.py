"""The clients that `wire.py` compares, each in a process of its own.

python -m bench.wire_clients CLIENT URL COUNT
"""

import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bench.memory import peak

UPDATE: dict[str, Any] = {
    "TableName": "sessions",
    "Key": {"sessionId": {"S": "golden-eagle-427"}},
    "UpdateExpression": "SET languageCounts.#language = :count ADD listenerCount :one",
    "ConditionExpression": "attribute_exists(sessionId) AND listenerCount < :most",
    "ExpressionAttributeNames": {"#language": "es"},
    "ExpressionAttributeValues": {
        ":one": {"N": "1"},
        ":count": {"N": "15"},
        ":most": {"N": "500"},
    },
    "ReturnValues": "ALL_NEW",
}


def lectern(url: str) -> Callable[[], object]:
    from chalicelib import aws
    from chalicelib.settings import Settings

    dynamodb = aws.dynamodb(Settings(), os.environ | {"AWS_ENDPOINT_URL_DYNAMODB": url})
    return lambda: dynamodb.call("UpdateItem", UPDATE)


def lectern_together(url: str) -> Callable[[], object]:
    from chalicelib import aws
    from chalicelib.settings import Settings

    dynamodb = aws.dynamodb(Settings(), os.environ | {"AWS_ENDPOINT_URL_DYNAMODB": url})
    return lambda: dynamodb.call_all([("UpdateItem", UPDATE), ("UpdateItem", UPDATE)])


def lectern_in_turn(url: str) -> Callable[[], object]:
    call = lectern(url)
    return lambda: (call(), call())


def boto3_client(url: str) -> Callable[[], object]:
    import boto3

    client = boto3.client("dynamodb", endpoint_url=url)
    return lambda: client.update_item(**UPDATE)


def boto3_resource(url: str) -> Callable[[], object]:
    import boto3

    plain = UPDATE | {
        "Key": {"sessionId": "golden-eagle-427"},
        "ExpressionAttributeValues": {":one": 1, ":count": 15, ":most": 500},
    }
    table = boto3.resource("dynamodb", endpoint_url=url).Table(plain.pop("TableName"))
    return lambda: table.update_item(**plain)


def floor(url: str) -> Callable[[], object]:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 443))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        connection = context.wrap_socket(connection, server_hostname=parts.hostname)
    body = json.dumps(UPDATE).encode()
    fields = f"content-length: {len(body)}\r\nx-amz-security-token: {'x' * 1024}\r\n"
    request = f"POST / HTTP/1.1\r\n{fields}\r\n".encode() + body

    def call() -> object:
        connection.sendall(request)
        return json.loads(connection.recv(65536).partition(b"\r\n\r\n")[2])

    return call


CLIENTS: dict[str, Callable[[str], Callable[[], object]]] = {
    "Lectern": lectern,
    "boto3 client": boto3_client,
    "boto3 resource": boto3_resource,
    "floor: a socket and JSON": floor,
}

PAIRS: dict[str, Callable[[str], Callable[[], object]]] = {
    "two calls together": lectern_together,
    "two calls in turn": lectern_in_turn,
}


def main() -> None:
    name, url, count = sys.argv[1:]
    call = (CLIENTS | PAIRS)[name](url)
    for _ in range(50):
        call()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(int(count)):
        call()
    spent = (time.process_time() - cpu) / int(count)
    elapsed = (time.perf_counter() - wall) / int(count)
    print(json.dumps({"CPU µs a call": spent * 1e6, "wall µs a call": elapsed * 1e6, "MB": peak()}))


if __name__ == "__main__":
    main()
