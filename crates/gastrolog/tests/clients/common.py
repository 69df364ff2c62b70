"""What the clients send, and the ledger of what was acknowledged: one JSON object a line."""

import json
import sys
import time

RECORDS = 1000
BASE_NS = 1_700_000_000_000_000_000
ODD = [
    "", " ", '"quoted" and \\ back\\\\slash', "two\nlines\r\nand a tab\t.", "snow ☃, née, 日本語, 😀",
    "\x01\x1f\x7f\u2028", '{"json":[1,2,{"a":null}]}', 'key=value other="x y" level=error',
    "<13>Nov 21 00:14:20 host app: x", "trailing newline\n",
]


def text(i):
    return f"{i} " + ("long " * 3000 if i % 97 == 96 else ODD[i % len(ODD)])


class Ledger:
    """Numbers that were acknowledged, on standard output, so that the test sees how far it is."""

    def acknowledged(self, numbers):
        for n in numbers:
            sys.stdout.write(json.dumps({"n": n, "text": text(n)}) + "\n")
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
