"""The real logs that are copied to a gigabyte: their files, their dates, and what is asked of them.

Each question has a shell command that answers it for one copy, read from the file `one`; `replicas.py` says what the kinds mean.
"""

from collections import namedtuple

Replica = namedtuple("Replica", "name glob content_type dates asked")
Asked = namedtuple("Asked", "id title query limit kind command")

TEXT, JSON = "text/plain", "application/x-ndjson"
TALLY = "sort | uniq -c"
TOP = "sort | uniq -c | sort -k1,1nr | head -n 10"

ACCESS = [
    Asked("needle", "one address, rows", "remote_addr=104.248.135.175", 100, "rows", r"grep -c '^104\.248\.135\.175 ' one"),
    Asked("by-field", "count by status", "| stats count() by status", None, "groups",
          f"sed -nE 's/^[^\"]*\"[^\"]*\" ([0-9]{{3}}) .*/\\1/p' one | {TALLY}"),
    Asked("hourly", "count per hour", "| stats count() by bin(1h)", None, "hours", "wc -l <one"),
    Asked("regex", "regex over the text, count", r"/Googlebot\/2\.[0-9]/ | stats count()", None, "count", r"grep -cE 'Googlebot/2\.[0-9]' one"),
    Asked("top", "top 10 addresses", "| stats count() by remote_addr | sort -count, remote_addr | head 10", None, "top", f"cut -d' ' -f1 one | {TOP}"),
    Asked("numeric", "bytes>50000, count", "bytes>50000 | stats count()", None, "count",
          "sed -nE 's/^[^\"]*\"[^\"]*\" [0-9]{3} ([0-9]+) .*/\\1/p' one | awk '$1 > 50000' | wc -l"),
]

COWRIE_JSON = [
    Asked("needle", "one session, rows", "session=144b5f37ff77", 100, "rows", "jq -c 'select(.session == \"144b5f37ff77\")' one | wc -l"),
    Asked("by-field", "count by eventid", "| stats count() by eventid", None, "groups", f"jq -r .eventid one | {TALLY}"),
    Asked("hourly", "count per hour", "| stats count() by bin(1h)", None, "hours", f"jq -r '.timestamp[:13]' one | {TALLY}"),
    Asked("regex", "regex on message, count", r"message=/login attempt \[.*\] succeeded/ | stats count()", None, "count",
          r"""jq -r 'select(.message | tostring | test("login attempt \\[.*\\] succeeded")) | 1' one | wc -l"""),
    Asked("top", "top 10 src_ip", "src_ip=* | stats count() by src_ip | sort -count, src_ip | head 10", None, "top", f"jq -r '.src_ip // empty' one | {TOP}"),
    Asked("numeric", "duration>30, count", "duration>30 | stats count()", None, "count",
          "jq 'select(.duration != null and (.duration | tonumber) > 30) | 1' one | wc -l"),
]

WINEVENTS = [
    Asked("needle", "one script block, rows", "ScriptBlockId=3ae1f3fc-2006-48dd-899b-016575f64ccc", 100, "rows",
          "jq -c 'select(.ScriptBlockId == \"3ae1f3fc-2006-48dd-899b-016575f64ccc\")' one | wc -l"),
    Asked("by-field", "count by EventID", "| stats count() by EventID", None, "groups", f"jq -r .EventID one | {TALLY}"),
    Asked("hourly", "count per hour", "| stats count() by bin(1h)", None, "hours", f"jq -r '.\"@timestamp\"[:13]' one | {TALLY}"),
    Asked("regex", "regex on TargetImage, count", r"TargetImage=/\\svc[a-z]+\.exe$/ | stats count()", None, "count",
          r"""jq 'select(.TargetImage != null and (.TargetImage | test("\\\\svc[a-z]+\\.exe$"))) | 1' one | wc -l"""),
    Asked("top", "top 10 TargetImage", "TargetImage=* | stats count() by TargetImage | sort -count, TargetImage | head 10", None, "top",
          f"jq -r '.TargetImage // empty' one | {TOP}"),
    Asked("numeric", "EventID>4000, count", "EventID>4000 | stats count()", None, "count", "jq 'select((.EventID | tonumber) > 4000) | 1' one | wc -l"),
]

ZEEK = [
    Asked("needle", "one uid, rows", "uid=CqKst53mF3det3eDV9", 100, "rows", "jq -c 'select(.uid == \"CqKst53mF3det3eDV9\")' one | wc -l"),
    Asked("by-field", "count by _path", "| stats count() by _path", None, "groups", f"jq -r ._path one | {TALLY}"),
    Asked("hourly", "DNS queries per hour", "_path=dns | stats count() by bin(1h)", None, "hours", f"jq -r 'select(._path == \"dns\") | .ts[:13]' one | {TALLY}"),
    Asked("regex", "regex on query, count", r"query=/^[a-z]+\.wrccdc\.org$/ | stats count()", None, "count",
          r"""jq 'select(.query != null and (.query | test("^[a-z]+\\.wrccdc\\.org$"))) | 1' one | wc -l"""),
    Asked("top", "top 10 names asked for", "query=* | stats count() by query | sort -count, query | head 10", None, "top", f"jq -r '.query // empty' one | {TOP}"),
    Asked("numeric", "rtt>0.01, count", "rtt>0.01 | stats count()", None, "count", "jq 'select(.rtt != null and .rtt > 0.01) | 1' one | wc -l"),
]

COWRIE_TEXT = [
    Asked("needle", "one session, rows", "1d6d4a79d1e4", 100, "rows", "grep -cw 1d6d4a79d1e4 one"),
    Asked("phrase", "a phrase, count", '"trying auth" | stats count()', None, "count", "grep -ciw 'trying auth' one"),
    Asked("by-field", "count by an address cut out of the text",
          "/HoneyPotSSHTransport,[0-9]+,/ | extract /HoneyPotSSHTransport,[0-9]+,(?<ip>[0-9.]+)/ | stats count() by ip", None, "groups",
          f"sed -nE 's/.*HoneyPotSSHTransport,[0-9]+,([0-9.]+).*/\\1/p' one | {TALLY}"),
    # A line without a time has the one at which it arrived.
    Asked("hourly", "count per hour", "end=2026-01-01 | stats count() by bin(1h)", None, "hours", f"grep -oE '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}' one | {TALLY}"),
    Asked("regex", "regex over the text, count", r"/login attempt \[[a-z]+\/[0-9]+\]/ | stats count()", None, "count", r"grep -cE 'login attempt \[[a-z]+/[0-9]+\]' one"),
    Asked("numeric", "connections of over 60 s, a number cut out of the text",
          '"connection lost after" | extract /lost after (?<s>[0-9]+) seconds/ | where s > 60 | stats count()', None, "count",
          "sed -nE 's/.*Connection lost after ([0-9]+) seconds.*/\\1/p' one | awk '$1 > 60' | wc -l"),
]

REPLICAS = [
    Replica("access-zanbil", "access-zanbil-100k/*", TEXT, ("apache", b"[", b":"), ACCESS),
    Replica("cowrie-json", "cowrie-json/*", JSON, ("iso",), COWRIE_JSON),
    Replica("winevents-a", "winevents-a/*.zst", JSON, ("iso",), WINEVENTS),
    Replica("zeek-wrccdc", "zeek-wrccdc/zeek-json/*", JSON, ("iso",), ZEEK),
    Replica("cowrie-text", "cowrie-text/*", TEXT, ("iso",), COWRIE_TEXT),
]
