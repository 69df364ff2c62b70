"""The two generated logs: where they are, how they are made, a smaller cut of them, and the needles to look for."""

import os
import re
import shutil
import subprocess

ACCESS_LINES, APP_LINES, SEED = 5_000_000, 2_000_000, 42
GENERATE_SECONDS_MAX = 1800
BLOCK_BYTES = 4 << 20
SCAN_BYTES = 8 << 20  # how far from the middle a needle is looked for
HEX_ID = re.compile(rb"(?<![0-9A-Za-z_])[0-9a-f]{32}(?![0-9A-Za-z_])")
CANDIDATES = 40


class DataError(Exception):
    """The data is not there and cannot be made."""


def generate(folder, manifest, seed):
    """Makes the logs with the load generator; what it writes for other engines is removed."""
    if not os.path.exists(manifest):
        raise DataError(f"{folder} has no access.log and app.jsonl, and the load generator is not at {manifest}")
    os.makedirs(folder, exist_ok=True)
    command = ["cargo", "run", "--release", "--manifest-path", manifest, "--target-dir", "target/loadgen", "--"]
    subprocess.run(command + [folder, str(ACCESS_LINES), str(APP_LINES), str(seed)], check=True, timeout=GENERATE_SECONDS_MAX)
    for name in ("vl_app", "vl_access_raw", "vl_access_parsed", "loki_access", "loki_app"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def cut(path, scale, into):
    """The path of the beginning of a log, cut at a line end; of all of it at scale 1."""
    if scale >= 1:
        return path
    left, small = int(os.path.getsize(path) * scale), os.path.join(into, os.path.basename(path))
    with open(path, "rb") as source, open(small, "wb") as target:
        while left > 0:
            block = source.read(min(left, BLOCK_BYTES))
            if not block:
                break
            target.write(block)
            left -= len(block)
        target.write(source.readline())
    return small


def middle(path, size):
    """Whole lines from the middle of a file."""
    with open(path, "rb") as file:
        file.seek(os.path.getsize(path) // 2)
        file.readline()
        return file.read(size)


def needles(access, app):
    """A rare id and a rare address of the access log, a trace id of the app log; always the same for the same data."""
    text = middle(access, SCAN_BYTES)
    hex_id = HEX_ID.search(text)
    trace = re.search(rb'"trace_id":"([0-9a-f]{32})"', middle(app, SCAN_BYTES))
    if hex_id is None or trace is None:
        raise DataError("there is no id of 32 hex digits in the middle of the logs: too small a part of them?")
    addresses = list(dict.fromkeys(line.split(b" ", 1)[0] for line in text.split(b"\n")[:400] if line))[:CANDIDATES]
    return {
        "hex_id": hex_id.group().decode(),
        "trace_id": trace.group(1).decode(),
        "remote_addr": rarest(access, addresses).decode(),
    }


def fill(text, needles):
    """A text with the needles put in where it names them."""
    for name, value in needles.items():
        text = text.replace("{" + name + "}", value)
    return text


def rarest(access, addresses):
    """The address with the fewest lines; the first of several."""
    pipe = 'cut -d" " -f1 "$0" | grep -xF -e "$1" | sort | uniq -c | sort -n -s'
    patterns = b"\n".join(sorted(addresses)).decode()
    done = subprocess.run(["sh", "-c", pipe, access, patterns], capture_output=True, timeout=600, check=True,
                          env=dict(os.environ, LC_ALL="C"))
    return done.stdout.split()[1]
