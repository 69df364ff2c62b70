"""What the machine is and how fast it is today: two plain programs are timed beside every run, because machines drift."""

import os
import resource
import subprocess

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
TOOL_SECONDS_MAX = 600

# What the two took, user seconds on the full file, when the table of targets was made.
ZSTD_THEN_S = 2.76
GREP_THEN_S = 0.42


def busy_s():
    """CPU seconds that the whole machine has spent, all processors together, since it started."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(f) for f in stat.readline().split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / TICKS_PER_SECOND


def own_s():
    """CPU seconds of this process and of the children it has waited for."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Others:
    """How much CPU everything else on the machine took between the start and `share()`."""

    def __init__(self):
        self.busy, self.own, self.uptime = busy_s(), own_s(), os.times().elapsed

    def share(self):
        """Share of all processors, 0 to 1; what a quiet machine has is near 0."""
        wall = max(os.times().elapsed - self.uptime, 0.01) * (os.cpu_count() or 1)
        return max(0.0, (busy_s() - self.busy) - (own_s() - self.own)) / wall


def timed(command):
    """User seconds of a program, what it printed, and its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    env = dict(os.environ, LC_ALL="C")
    done = subprocess.run(command, capture_output=True, timeout=TOOL_SECONDS_MAX, env=env, check=False)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done.stdout, done.returncode


def drift(access):
    """The two programs over the access log, and how many lines `grep` counted."""
    zstd_s = timed(["sh", "-c", 'exec zstd -3 --single-thread -c "$0" >/dev/null', access])[0]
    grep_s, count, _ = timed(["grep", "-c", "HeadlessChrome", access])
    return {"zstd_user_s": round(zstd_s, 2), "grep_user_s": round(grep_s, 2), "grep_lines": int(count or 0)}


def describe():
    """Processor, memory and kernel, as the machine tells."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory_gb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return f"{os.cpu_count()} × {model}, {memory_gb:.0f} GB, Linux {os.uname().release}"


def mean_drift(before, after):
    """Of two measurements of the two programs."""
    mean = {key: round((before[key] + after[key]) / 2, 2) for key in ("zstd_user_s", "grep_user_s")}
    return {**before, **mean}
