"""What the clients send, and the ledger of what was acknowledged (or, where nothing is, sent): a JSON object a line."""

import json
import sys
import time

RECORDS = 1000
BASE_NS = 1_700_000_000_000_000_000
BATCH = 20
# For clients that wait for no answer.
SLOWLY_S = 0.1
ODD = [
    "", " ", '"quoted" and \\ back\\\\slash', "two\nlines\r\nand a tab\t.", "snow ☃, née, 日本語, 😀",
    "\x01\x1f\x7f\u2028", '{"json":[1,2,{"a":null}]}', 'k=value other="x y" level=error',
    "<13>Nov 21 00:14:20 host app: x", "trailing newline\n", "nul \x00 in the middle",
]
LONG = "long " * 13_107  # 64 KiB


def text(i, long=LONG):
    return f"{i} " + (long if i % 97 == 96 else ODD[i % len(ODD)])


def time_ns(i):
    return BASE_NS + i * 1_000_000


def time_iso(i):
    return f"2023-11-14T22:13:20.{i:03}Z"


def batches(pause_s=0.02):
    """Numbers in batches, with pauses, so that the server can be disturbed in between."""
    for first in range(0, RECORDS, BATCH):
        yield range(first, first + BATCH)
        time.sleep(pause_s)


def acknowledged(numbers, of=text):
    """On standard output, so that the test sees how far it is."""
    for n in numbers:
        sys.stdout.write(json.dumps({"n": n, "text": of(n)}) + "\n")
    sys.stdout.flush()


def again(what, attempt):
    """Tries until it succeeds, as a program that holds its records does."""
    deadline = time.monotonic() + 90
    while True:
        try:
            if attempt():
                return
            error = "refused"
        except Exception as e:  # whatever the client library raises when the server is gone
            error = repr(e)
        if time.monotonic() > deadline:
            sys.exit(f"{what}: gave up: {error}")
        time.sleep(0.05)
