"""The faults that cargo tests bring about: run in their long form, with what they report."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from .rows import Row

TEST_SECONDS_MAX = 4 * 3600

# What is run: section, fault, package, target, filter, variables. {seed}, {cycles} and {cases} are put in.
TESTS = [
    ("kill", "kill -9 during ingest by all receivers that acknowledge, restarts between",
     "gastrolog", "kill", "what_was_acknowledged_survives_kill_nine",
     {"GASTROLOG_KILL_SEED": "{seed}", "GASTROLOG_KILL_CYCLES": "{cycles}"}),
    ("stop", "SIGTERM under full load, with stalled peers", "gastrolog", "kill", "a_server_that_is_asked_to_stop",
     {"GASTROLOG_KILL_SEED": "{seed}", "GASTROLOG_STOPS": "{stops}"}),
    ("stop", "a second SIGTERM", "gastrolog", "kill", "a_second_signal", {"GASTROLOG_KILL_SEED": "{seed}"}),
    ("limits", "no more file descriptors", "gastrolog", "scarce", "descriptors", {}),
    ("limits", "no more threads", "gastrolog", "scarce", "threads", {}),
    ("limits", "no more room on the disk, now and then, senders that bring again what is refused", "gastrolog", "scarce",
     "without_room", {}),
    ("limits", "no more memory", "gastrolog", "scarce", "memory", {}),
    ("clock", "clock a year ahead, behind, stepping back; year roll-over and summer time in RFC 3164", "gastrolog-engine",
     "engine", "clock::", {}),
    ("clock", "retention and sealing under such clocks", "gastrolog-chunk", "", "store::tests::clock", {}),
    ("storage", "power loss at any moment: unsynced writes dropped, reordered, torn", "gastrolog-chunk", "",
     "what_is_acknowledged_is_there_once", {"GASTROLOG_SEED": "{seed}", "GASTROLOG_POWER_SEEDS": "{cases}"}),
    ("storage", "one bit flipped anywhere in any file of a store", "gastrolog-engine", "engine",
     "no_flipped_bit_makes_a_wrong_answer", {"GASTROLOG_SEED": "{seed}", "GASTROLOG_FLIPS": "{cases}"}),
    ("storage", "log and active chunk cut at every byte", "gastrolog-chunk", "", "torn_at_any_byte cut_at_every_byte", {}),
    ("storage", "disk full at each write, rename, sync", "gastrolog-chunk", "", "store::tests::full a_full_disk", {}),
    ("storage", "an error from fsync", "gastrolog-chunk", "", "failed_sync the_log_fails", {}),
]


def command(test):
    """The command line of a test."""
    _, _, package, target, name, _ = test
    return ["cargo", "test", "--locked", "-q", "-p", package, *(["--test", target] if target else ["--lib"]), "--", *name.split()]


def shell(test, values):
    """The same as a line for people."""
    return " ".join([*(f"{k}={v.format(**values)}" for k, v in test[5].items()), *command(test)])


def told_in(path):
    """What a test has reported: its results, and what it says it has shown so far."""
    if not os.path.exists(path):
        return [], ""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.endswith("\n")]
    return [line for line in lines if "result" in line], next((line["so_far"] for line in reversed(lines) if "so_far" in line), "")


def watch(process, report):
    """Waits for a test, saying how far it is. Returns whether it was stopped before its end; it ends in any case."""
    last, until = "", time.monotonic() + TEST_SECONDS_MAX
    try:
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
            far = told_in(report)[1]
            if far != last:
                last = far
                print(f"    {far.removeprefix('stopped after ')}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        return True
    finally:
        if process.poll() is None:
            # The servers of the test too.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return False


def run_one(test, values, root):
    """One test: its row, and whether it was stopped."""
    section, fault = test[:2]
    with tempfile.TemporaryDirectory(prefix="gastrolog-torture-", ignore_cleanup_errors=True) as folder:
        # One test is run as another user, who needs a way to its files.
        os.chmod(folder, 0o711)
        report, output = os.path.join(folder, "report.jsonl"), os.path.join(folder, "output")
        # What a test that is stopped leaves behind goes with the folder.
        env = {**os.environ, **{k: v.format(**values) for k, v in test[5].items()}, "GASTROLOG_TORTURE_REPORT": report, "TMPDIR": folder}
        began = time.monotonic()
        with open(output, "wb") as file:
            process = subprocess.Popen(command(test), cwd=root, env=env, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
            stopped = watch(process, report)
        seconds, (told, far) = time.monotonic() - began, told_in(report)
        with open(output, encoding="utf-8", errors="replace") as file:
            text = file.read()
    # A filter that finds no test proves nothing.
    passed = process.returncode == 0 and sum(map(int, re.findall(r"(\d+) passed", text))) > 0
    result = "; ".join(t["result"] for t in told) or ("passed" if passed else "")
    if stopped:
        result = far or "stopped before it had shown anything"
    elif not passed:
        result = (result + " " + " ".join(text[-1500:].split()))[-600:]
    row = Row(section, fault, "`" + shell(test, values) + "`", result, passed or stopped and bool(far), seconds, {"reports": told})
    for one in told:
        row.good = row.good and one.get("good", True)
    return row, stopped


def run(options, section, root):
    """The tests of a section, each when it is done. After the one that is stopped there is nothing more."""
    values = {"seed": options.seed, "cycles": options.cycles, "cases": options.cases, "stops": options.stops}
    for test in TESTS:
        if test[0] == section:
            row, stopped = run_one(test, values, root)
            yield row
            if stopped:
                raise KeyboardInterrupt
