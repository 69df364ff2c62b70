"""Copies of a log, one after the other in time: what makes gigabytes of a few megabytes without writing them anywhere.

A date in a line is replaced by another of the same format; everything else, the time of the day included, stays.
"""

import datetime
import re
import threading

from .data import HEX_ID, DataError

DATE_FORMATS = {"iso": (rb"\d{4}-\d\d-\d\d", "%Y-%m-%d"), "apache": (rb"\d\d/[A-Z][a-z]{2}/\d{4}", "%d/%b/%Y")}
ACCESS_FORM = "%d/%b/%Y"
ACCESS_DAYS = 2  # how long the generated log is
COPIES_MAX = 10_000
SESSIONS = b"/api/v1/sessions/"  # behind it stand numbers and, seldom, ids
ODD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # times the number of a copy: makes other ids of ids


class Dates:
    """Where the dates of a log stand: their format, the text before each, and a regular expression of what follows."""

    def __init__(self, form, before=b"", after=rb"T\d\d:"):
        date, self.form = DATE_FORMATS[form]
        self.pattern = re.compile(re.escape(before) + b"(" + date + b")(?=" + after + b")")
        self.before = before

    def split(self, text):
        """The text cut at its dates, which are every second part. What stands before a date goes with the text."""
        parts = self.pattern.split(text)
        if self.before:
            parts[0:-1:2] = [part + self.before for part in parts[0:-1:2]]
        return parts

    def day(self, date):
        """A date as a day."""
        return datetime.datetime.strptime(date.decode(), self.form).date()

    def text(self, day):
        """A day as it stands in the log."""
        return day.strftime(self.form).encode()


def joined(parts, renamed):
    """A text that was cut at its dates, with other dates."""
    parts = list(parts)
    parts[1::2] = [renamed[date] for date in parts[1::2]]
    return b"".join(parts)


class Handed:
    """Texts handed out in pieces that end at line ends, to several threads, up to a number of bytes or a sign to stop."""

    def __init__(self, texts, piece_bytes, bytes_max=None):
        self.texts, self.text, self.at = texts, b"", 0
        self.piece_bytes, self.bytes_max, self.bytes = piece_bytes, bytes_max, 0
        self.lock, self.stopped = threading.Lock(), False

    def next(self):
        """The next piece; empty at the end."""
        with self.lock:
            if self.stopped or (self.bytes_max is not None and self.bytes >= self.bytes_max):
                return b""
            if self.at >= len(self.text):
                self.text, self.at = next(self.texts, b""), 0
            start, end = self.at, min(self.at + self.piece_bytes, len(self.text))
            end = len(self.text) if end == len(self.text) else self.text.find(b"\n", end - 1) + 1 or len(self.text)
            self.at, self.bytes = end, self.bytes + end - start
            return self.text[start:end]

    def stop(self):
        """Lets those who post come to their end."""
        self.stopped = True


def access_copies(path, first=0, block_bytes=16 << 20):
    """Endless copies of the generated access log, in blocks: each begins after the one before, and its ids are its own."""
    with open(path, "rb") as file:
        begin = datetime.datetime.strptime(file.readline().split(b"[", 1)[1][:11].decode(), ACCESS_FORM)
    for copy in range(first, first + COPIES_MAX):
        # The latest day first: what was replaced must not be met again. The log may end some seconds into the next day.
        days = [begin + datetime.timedelta(days=day) for day in range(ACCESS_DAYS, -1, -1)]
        renamed = [(as_access(day), as_access(day + datetime.timedelta(days=ACCESS_DAYS * copy))) for day in days]
        with open(path, "rb") as file:
            while block := file.read(block_bytes):
                block += file.readline()
                for date, other in renamed if copy else []:
                    block = block.replace(date, other)
                yield other_ids(block, copy)


def as_access(day):
    """A day as the access log writes it, with what stands around it."""
    return day.strftime(f"[{ACCESS_FORM}:").encode()


def other_ids(text, copy):
    """The random ids replaced by others, so that a needle is in one copy only."""
    if copy == 0:
        return text
    parts, mask = text.split(SESSIONS), copy * ODD % (1 << 128)
    for i, part in enumerate(parts[1:], 1):
        if HEX_ID.match(part):
            parts[i] = b"%032x" % (int(part[:32], 16) ^ mask) + part[32:]
    return SESSIONS.join(parts)


class Replicas:
    """Copies of a real log: its days become days that follow each other, those of the next copy after them."""

    def __init__(self, text, dates, copies):
        self.parts, self.dates, self.copies = dates.split(text), dates, copies
        self.days = sorted({dates.day(date) for date in set(self.parts[1::2])})
        if not self.days:
            raise DataError("there is no date in the log")

    def texts(self):
        """The copies, each as one text."""
        for copy in range(self.copies):
            begin = self.days[0] + datetime.timedelta(days=copy * len(self.days))
            days = {day: begin + datetime.timedelta(days=n) for n, day in enumerate(self.days)}
            renamed = {self.dates.text(day): self.dates.text(as_day) for day, as_day in days.items()}
            yield joined(self.parts, renamed)
