"""The table of what was fuzzed for how long, which a document holds and each run goes on with.

A result is worth something for as long as what was fuzzed stays as it was. So each row has a short hash of the sources
of its target: the files of the target, and the manifests and `src` of all crates of this project that it calls,
directly or not.
"""

import hashlib
import json
import re
import subprocess
import threading
import time

BEGIN, END = "<!-- fuzzing: begin -->", "<!-- fuzzing: end -->"
HEAD = "| target | minutes | executions | edges covered | peak MB held | crashes | when | commit | sources |"
RULE = "|---|---:|---:|---:|---:|---|---|---|---|"


class Sources:
    """Hashes of the sources of targets, as they are committed."""

    def __init__(self, top):
        self.top = top
        self.modules = top / "benches" / "fuzz-targets" / "src" / "targets"
        command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"]
        found = json.loads(subprocess.run(command, cwd=top, stdout=subprocess.PIPE, check=True).stdout)
        self.packages = {}
        for package in found["packages"]:
            folder = package["manifest_path"].removesuffix("/Cargo.toml").removeprefix(f"{top}/")
            needs = [d["name"].replace("-", "_") for d in package["dependencies"] if d.get("path") and d["kind"] != "dev"]
            self.packages[package["name"].replace("-", "_")] = (folder, needs)

    def of(self, target):
        """The hash for a target; it ends in `+` where something is not committed."""
        modules = self._modules_of(target)
        crates = {name for path in modules for name in re.findall(r"\bgastrolog_\w+", path.read_text())}
        crates &= set(self.packages)
        while more := {need for crate in crates for need in self.packages[crate][1]} - crates:
            crates |= more
        folders = [self.packages[crate][0] for crate in crates]
        paths = sorted([f"{folder}/{part}" for folder in folders for part in ("Cargo.toml", "src")] +
                       [str(path.relative_to(self.top)) for path in modules])
        trees = [self._git("rev-parse", f"HEAD:{path}") for path in paths]
        changed = "+" if self._git("status", "--porcelain", "--", *paths) else ""
        return hashlib.sha1("\n".join(trees).encode()).hexdigest()[:8] + changed

    def commit(self):
        """The commit of the checkout."""
        return self._git("rev-parse", "--short", "HEAD")

    def _modules_of(self, target):
        named = [path for path in sorted(self.modules.glob("*.rs")) if f'"{target}"' in path.read_text()]
        found = []
        while named:
            path = named.pop()
            if path in found or not path.exists():
                continue
            found.append(path)
            named += [self.modules / f"{name}.rs" for name in re.findall(r"\bsuper::(\w+)", path.read_text())]
        return found

    def _git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.top, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()


class Record:
    """The rows of the table in a document."""

    def __init__(self, path, targets):
        self.path, self.targets, self.lock = path, targets, threading.Lock()
        text = path.read_text()
        if BEGIN not in text or END not in text:
            raise SystemExit(f"{path} has no {BEGIN} … {END}")
        self.rows = {}
        for line in text.split(BEGIN, 1)[1].split(END, 1)[0].splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == HEAD.count("|") - 1 and cells[0].startswith("`"):
                self.rows[cells[0].strip("`")] = cells

    def minutes(self, target, sources):
        """For how long these sources were fuzzed; 0 when something crashed."""
        row = self.rows.get(target)
        return float(row[1]) if row is not None and row[5] == "none" and row[8] == sources else 0

    def put(self, target, minutes, figures, sources, commit):
        """Adds a result to what is known of the same sources, or takes the place of what is of others, and writes the document."""
        execs, coverage, crashes, peak_mb = figures
        with self.lock:
            before = self.minutes(target, sources)
            if before > 0:
                execs, peak_mb = execs + int(self.rows[target][2]), max(peak_mb, float(self.rows[target][4]))
            when = time.strftime("%Y-%m-%d", time.gmtime())
            self.rows[target] = [f"`{target}`", f"{before + minutes:g}", str(execs), coverage, f"{peak_mb:.0f}",
                                 ", ".join(crashes) or "none", when, commit, sources]
            rows = ["| " + " | ".join(self.rows[name]) + " |" for name in self.targets if name in self.rows]
            text = self.path.read_text()
            start, end = text.split(BEGIN, 1)[0], text.split(END, 1)[1]
            self.path.write_text(start + "\n".join([BEGIN, "", HEAD, RULE, *rows, "", END]) + end)
