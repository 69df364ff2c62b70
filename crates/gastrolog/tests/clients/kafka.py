"""The mock cluster of librdkafka, through a door of its own: `kafka.py PORT [FOLDER|- [MECHANISM]]`; with a folder the door speaks TLS,
with a mechanism it asks for a login by SCRAM, which the mock cluster does not know.

What the door mends, as krafka uses newer versions of requests than librdkafka itself:
- A version of ApiVersions that the mock does not know it answers in the form of version 3, with a count that is wrong; Kafka
  demands the form of version 0, and krafka reads that. The door gives the answer that Kafka would.
- The mock says that it takes versions of the requests of groups at which it closes the connection. The door says less.
It also puts its own port where the mock tells that of its broker."""

import asyncio
import ssl
import struct
import sys
import threading

from common import SLOWLY_S, acknowledged, batches, text, time_ns
from confluent_kafka import Producer
from scram import login

HOST = b"127.0.0.1"
API_VERSIONS, KNOWN = 18, 2
JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP = 11, 12, 13, 14
# The newest versions that librdkafka itself uses.
WORKING = {JOIN_GROUP: 5, HEARTBEAT: 3, LEAVE_GROUP: 1, SYNC_GROUP: 3}


async def frame(reader):
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


def impatient(request, wait_ms):
    """A request to join a group whose members are given up after `wait_ms`; any other, and where none is given, as it is."""
    if wait_ms is None or struct.unpack(">h", request[:2]) != (JOIN_GROUP,):
        return request
    (version,), (client,) = struct.unpack(">h", request[2:4]), struct.unpack(">h", request[8:10])
    at = 10 + max(client, 0)
    at += 2 + struct.unpack(">h", request[at : at + 2])[0]
    times = [wait_ms] * (1 if version == 0 else 2)
    return request[:at] + struct.pack(f">{len(times)}i", *times) + request[at + 4 * len(times) :]


async def requests(reader, to_broker, to_client, wait_ms):
    while True:
        request = await frame(reader)
        api, version, correlation = struct.unpack(">hhi", request[:8])
        if api == API_VERSIONS and version > KNOWN:
            answer = struct.pack(">ihihhh", correlation, 35, 1, API_VERSIONS, 0, KNOWN)
            to_client.write(struct.pack(">i", len(answer)) + answer)
        else:
            request = impatient(request, wait_ms)
            to_broker.write(struct.pack(">i", len(request)) + request)


def mended(answer):
    """An answer to ApiVersions (version 0 to 2) without what does not work; any other as it is."""
    if answer[4:6] != b"\0\0" or len(answer) < 10 + 6 * 10:
        return answer
    (count,) = struct.unpack(">i", answer[6:10])
    ranges = [answer[10 + 6 * i : 16 + 6 * i] for i in range(count)] if count < 100 else []
    if [r[:2] for r in ranges[:2]] != [b"\0\0", b"\0\1"]:
        return answer
    least = lambda api, low, high: struct.pack(">hhh", api, low, min(high, WORKING.get(api, high)))
    return answer[:10] + b"".join(least(*struct.unpack(">hhh", r)) for r in ranges) + answer[10 + 6 * count :]


async def answers(reader, to_client, ports):
    while True:
        answer = mended(await frame(reader)).replace(*(HOST + struct.pack(">i", port) for port in ports))
        to_client.write(struct.pack(">i", len(answer)) + answer)


async def connection(reader, writer, mock, port, wait_ms, mechanism):
    if mechanism and not await login(mechanism, frame, reader, writer):
        await writer.drain()
        writer.close()
        return
    from_broker, to_broker = await asyncio.open_connection(HOST.decode(), mock)
    both = [requests(reader, to_broker, writer, wait_ms), answers(from_broker, writer, (mock, port))]
    try:
        await asyncio.gather(*both)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
        to_broker.close()


async def door(mock, port, tls, wait_ms, mechanism):
    open_one = lambda r, w: connection(r, w, mock, port, wait_ms, mechanism)
    async with await asyncio.start_server(open_one, "127.0.0.1", port, ssl=tls) as server:
        await server.serve_forever()


def cluster(port, tls=None, wait_ms=None, mechanism=None):
    """A cluster behind a door at `port`, and what writes to it. A member of a group that was killed is given up after `wait_ms`."""
    producer = Producer({"bootstrap.servers": "mock:1", "test.mock.num.brokers": 1, "log_level": 0})
    mock = next(iter(producer.list_topics(timeout=20).brokers.values())).port
    threading.Thread(target=lambda: asyncio.run(door(mock, port, tls, wait_ms, mechanism)), daemon=True).start()
    return producer


def main():
    tls, folder, mechanism = None, *(sys.argv[2:] + ["-", None][len(sys.argv) - 2 :])
    if folder != "-":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{folder}/localhost.pem", f"{folder}/localhost.key")
    producer = cluster(int(sys.argv[1]), tls, mechanism=mechanism)
    failed = []
    for batch in batches(SLOWLY_S):
        for i in batch:
            producer.produce("app", text(i).encode(), f"k{i}", headers={"n": str(i)}, timestamp=time_ns(i) // 1_000_000,
                             on_delivery=lambda error, _: error and failed.append(error))
        assert producer.flush(20) == 0 and not failed, failed
        acknowledged(batch)
    # The broker is there until it was read.
    sys.stdin.read()


if __name__ == "__main__":
    main()
