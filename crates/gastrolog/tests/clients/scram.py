"""The server's side of a login by SCRAM (RFC 5802), in the frames of Kafka: SaslHandshake and SaslAuthenticate, version 1."""

import base64
import hashlib
import hmac
import os
import struct

USER, PASSWORD = "reader", "a secret, with = and ,"
HANDSHAKE, AUTHENTICATE = 17, 36
FAILED = 58
ITERATIONS = 4096


def exchange(algorithm, password, client_first, server_nonce, salt):
    """Gives the first answer, then takes the client's last words: the second answer, or None when the password is another."""
    mac = lambda key, text: hmac.digest(key, text, algorithm)
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, ITERATIONS)
    stored = hashlib.new(algorithm, mac(salted, b"Client Key")).digest()
    bare = client_first.split(b",", 2)[2]
    nonce = bare.split(b",r=", 1)[1] + server_nonce
    first = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(salt), ITERATIONS)
    last = yield first
    without_proof, proof = last.rsplit(b",p=", 1)
    said = b",".join([bare, first, without_proof])
    key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), mac(stored, said), strict=True))
    is_right = without_proof == b"c=biws,r=" + nonce and hashlib.new(algorithm, key).digest() == stored
    yield b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), said)) if is_right else None


def opened(request):
    """What a request asks for, its number, and its body."""
    api, _, correlation, client = struct.unpack(">hhih", request[:10])
    return api, correlation, request[10 + max(client, 0) :]


def told(correlation, answer):
    """An answer to SaslAuthenticate."""
    error = FAILED if answer is None else 0
    answer = answer or b""
    body = struct.pack(">ihhi", correlation, error, -1, len(answer)) + answer + struct.pack(">q", 0)
    return struct.pack(">i", len(body)) + body


async def login(mechanism, frame, reader, writer):
    """Asks who is there; whether it is the one that may read."""
    algorithm = mechanism.lower().removeprefix("scram-").replace("-", "")
    api, correlation, body = opened(await frame(reader))
    assert (api, body[2:]) == (HANDSHAKE, mechanism.encode()), (api, body)
    body = struct.pack(">ihih", correlation, 0, 1, len(mechanism)) + mechanism.encode()
    writer.write(struct.pack(">i", len(body)) + body)
    api, correlation, body = opened(await frame(reader))
    first = body[4:]
    assert api == AUTHENTICATE and first.startswith(b"n,,n=" + USER.encode() + b",r="), first
    words = exchange(algorithm, PASSWORD, first, base64.b64encode(os.urandom(18)), os.urandom(16))
    writer.write(told(correlation, next(words)))
    _, correlation, body = opened(await frame(reader))
    answer = words.send(body[4:])
    writer.write(told(correlation, answer))
    return answer is not None
