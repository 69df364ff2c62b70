//! Lines with what Logstash's patterns find in them, as far as our indexers name it too; all of them come back as they were.

use std::collections::BTreeMap;

use serde_json::Value;

use super::goldens::{cases, check};

/// The sets, by the names of their files.
const SETS: [&str; 11] =
    ["aws", "bro", "exim", "httpd", "junos", "maven", "mongodb", "nagios", "netscreen", "redis", "shorewall"];

/// A pattern, its name of a field (those of before the Elastic Common Schema), and ours.
const NAMES: [(&str, &str, &str); 38] = [
    ("HTTPD_COMBINEDLOG", "clientip", "remote_addr"),
    ("HTTPD_COMBINEDLOG", "verb", "method"),
    ("HTTPD_COMBINEDLOG", "request", "path"),
    ("HTTPD_COMBINEDLOG", "response", "status"),
    ("HTTPD_COMBINEDLOG", "bytes", "bytes"),
    ("HTTPD_COMBINEDLOG", "referrer", "referer"),
    ("HTTPD_COMBINEDLOG", "agent", "user_agent"),
    ("HTTPD_COMBINEDLOG", "auth", "user"),
    ("HTTPD_COMBINEDLOG", "ident", "ident"),
    ("HTTPD_ERRORLOG", "timestamp", "time"),
    ("HTTPD_ERRORLOG", "loglevel", "level"),
    ("EXIM", "remote_hostname", "H"),
    ("EXIM", "protocol", "P"),
    ("EXIM", "exim_msg_size", "S"),
    ("EXIM", "exim_header_id", "id"),
    ("SHOREWALL", "nf_out_interface", "OUT"),
    ("SHOREWALL", "nf_src_ip", "SRC"),
    ("SHOREWALL", "nf_dst_ip", "DST"),
    ("SHOREWALL", "nf_len", "LEN"),
    ("SHOREWALL", "nf_ttl", "TTL"),
    ("SHOREWALL", "nf_id", "ID"),
    ("SHOREWALL", "nf_protocol", "PROTO"),
    ("SHOREWALL", "nf_src_port", "SPT"),
    ("SHOREWALL", "nf_dst_port", "DPT"),
    ("NETSCREENSESSIONLOG", "date", "timestamp"),
    ("NETSCREENSESSIONLOG", "device", "hostname"),
    ("NETSCREENSESSIONLOG", "device_id", "device_id"),
    ("NETSCREENSESSIONLOG", "start_time", "start_time"),
    ("NETSCREENSESSIONLOG", "duration", "duration"),
    ("NETSCREENSESSIONLOG", "service", "service"),
    ("NETSCREENSESSIONLOG", "src_zone", "zone"),
    ("NETSCREENSESSIONLOG", "dst_zone", "zone"),
    ("NETSCREENSESSIONLOG", "action", "action"),
    ("NETSCREENSESSIONLOG", "src_ip", "src"),
    ("NETSCREENSESSIONLOG", "src_xlated_ip", "ip"),
    ("NETSCREENSESSIONLOG", "dst_port", "dst_port"),
    ("NETSCREENSESSIONLOG", "session_id", "session_id"),
    ("NETSCREENSESSIONLOG", "reason", "reason"),
];

/// What is expected of a case: our names with its values, which have their quotes there.
fn fields(case: &Value) -> Vec<(String, String)> {
    let names =
        NAMES.iter().filter(|(pattern, ..)| case["pattern"] == *pattern && case["branch"] == "legacy");
    let fields = names.filter_map(|(_, theirs, ours)| {
        let value = case["expect"][*theirs].as_str()?;
        Some(((*ours).to_owned(), value.trim_matches('"').to_owned()))
    });
    fields.collect()
}

#[test]
fn lines_of_logstash() {
    let mut lines: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for set in SETS {
        let Some(cases) = cases(&format!("grok-goldens/{set}.jsonl")) else { return };
        for case in &cases {
            let message = case["message"].as_str().unwrap();
            // Where it must not match there is nothing to compare.
            let is_match = case["verb"] == "to";
            let found = if is_match { fields(case) } else { Vec::new() };
            lines.entry(message.to_owned()).or_default().extend(found);
        }
    }
    let lines: Vec<_> = lines.into_iter().collect();
    assert!(lines.len() >= 60, "{}", lines.len());
    let compared = check(&lines);
    assert!(compared >= 50, "{compared}");
}
