"""Real logs: what a sealed store of each set takes, and what it cost to fill."""

import glob
import os
import resource
import subprocess
import tempfile

from .rows import SETS
from .server import ServerError, chunk_bytes

SECONDS_MAX = 900


def unpacked_bytes(path):
    """Bytes of a file once it is unpacked."""
    if not path.endswith(".zst"):
        return os.path.getsize(path)
    process, count = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE), 0
    while block := process.stdout.read(1 << 20):
        count += len(block)
    if process.wait() != 0:
        raise ServerError(f"zstd cannot unpack {path}")
    return count


def run(command):
    """Runs a command: its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise ServerError(f"`{command[1]}` ended with {done.returncode}: {done.stderr[-300:].decode('utf-8', 'replace')}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(binary, folder, tmp, say):
    """All sets that are there."""
    figures = {}
    for entry in SETS:
        files = sorted(f for f in glob.glob(os.path.join(folder, entry.glob), recursive=True) if os.path.isfile(f))
        if not files:
            say(f"set: {entry.name} is not in {folder}")
            continue
        say(f"set: {entry.name}, {len(files)} files")
        raw = sum(map(unpacked_bytes, files))
        with tempfile.TemporaryDirectory(prefix="yardstick-", dir=tmp) as store:
            cpu_s = run([binary, "ingest", "--quiet", "--store", store, *files])
            cpu_s += run([binary, "seal", "--store", store])
            stored = chunk_bytes(store)
        figures[entry.name] = {
            "raw_bytes": raw, "files": len(files), "stored_bytes": stored, "cpu_s": round(cpu_s, 2),
            "mb_per_cpu_s": round(raw / 1e6 / max(cpu_s, 0.01), 1),
        }
    return figures
