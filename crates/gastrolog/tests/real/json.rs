//! JSON lines, against `jq`, or against serde_json where that is not installed.

use serde_json::Value;

use super::tools::{Counts, Loaded, all_of, count, load, read, same};
use crate::support::shared_data;

/// The value of a member, at most two levels down, as a query names it.
fn text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Groups by a member. `path` are the keys that lead to it; a key may have a dot in it.
fn check(loaded: &Loaded, path: &[&str]) {
    let field = path.join(".");
    let with_serde = count(&loaded.lines, |line| {
        let whole: Value = serde_json::from_slice(line).unwrap();
        vec![text(path.iter().try_fold(&whole, |value, key| value.get(key)))]
    });
    same(&loaded.count_by("*", &[&field]), &with_serde, &field);
    // Only records that have the member: `jq` does not tell one that is lacking from one that is null.
    let keys: Vec<String> = path.iter().map(|key| format!("[\"{key}\"]")).collect();
    let filter = format!("select(.{0} != null) | .{0} | tostring", keys.join(""));
    if let Some(with_jq) = loaded.jq(&filter) {
        let of_ours = |counts: Counts| -> Counts {
            counts.into_iter().filter(|(k, _)| !matches!(k[0].as_str(), "" | "null")).collect()
        };
        same(&of_ours(loaded.count_by("*", &[&field])), &of_ours(with_jq), &field);
    }
}

fn load_folder(folder: &str, ending: &str) -> Option<Loaded> {
    let files = all_of(folder);
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|f| f.ends_with(ending)).collect();
    load(&files)
}

#[test]
fn cowrie() {
    let Some(loaded) = load_folder("cowrie-json", ".zst") else { return };
    for field in ["eventid", "src_ip", "dst_port", "sensor", "username", "isError"] {
        check(&loaded, &[field]);
    }
    let Some(pairs) = loaded.jq("select(.eventid == \"cowrie.login.failed\") | [.username, .src_ip] | @tsv")
    else {
        return;
    };
    same(&loaded.count_by("eventid=cowrie.login.failed", &["username", "src_ip"]), &pairs, "failed logins");
}

#[test]
fn windows_events() {
    let Some(loaded) = load_folder("winevents-a", ".zst") else { return };
    for field in ["EventID", "Channel", "Hostname", "TargetObject", "ProcessId"] {
        check(&loaded, &[field]);
    }
    for query in ["EventID>=4000 EventID<5000 Channel=Security", "EventID=4688"] {
        let jq = if query.contains('>') {
            "select(.EventID >= 4000 and .EventID < 5000 and .Channel == \"Security\") | 1"
        } else {
            "select(.EventID == 4688) | 1"
        };
        let Some(theirs) = loaded.jq(jq) else { return };
        assert_eq!(
            loaded.number(&format!("{query} | stats count()")),
            theirs[&vec!["1".to_owned()]].to_string()
        );
    }
}

#[test]
fn zeek() {
    let Some(mut files) = Some(all_of("zeek-wrccdc/zeek-json")).filter(|f| !f.is_empty()) else { return };
    files.retain(|f| {
        ["dns", "weird", "rdp", "ssh", "ftp", "x509"].iter().any(|n| f.contains(&format!("/{n}.")))
    });
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(loaded) = load(&files) else { return };
    for field in ["id.resp_p", "id.orig_h", "_path", "qtype_name", "rcode", "auth_success"] {
        // Keys with a dot in them, which name the same field as a member of a member.
        check(&loaded, &[field]);
    }
    let Some(answers) = loaded.jq("select(.answers != null) | .answers[]") else { return };
    let values: u64 = answers.values().sum();
    assert_eq!(loaded.number("* | stats count(\"answers[]\")"), values.to_string());
    assert_eq!(loaded.number("* | stats count_distinct(\"answers[]\")"), answers.len().to_string());
}

#[test]
fn nested_members() {
    let Some(loaded) = load(&["elastic-examples/nginxplus_json_logs.zst"]) else { return };
    for path in [&["connections", "active"], &["ssl", "handshakes"], &["requests", "current"]] {
        check(&loaded, path);
    }
    check(&loaded, &["server_zones", "hg.nginx.org", "responses", "2xx"]);
    let Some(loaded) = load(&["quickwit-samples/simple-routing-expression-bench.json"]) else { return };
    check(&loaded, &["seller", "name"]);
    check(&loaded, &["domain"]);
}

/// Whether every member of a file of one record becomes a field: of larger records only the first 1,024 members and
/// elements do, and the first 64 elements of each array; the rest is text, and counts are smaller than those of `jq`.
fn is_named_in_full(file: &str) -> bool {
    fn members(value: &Value) -> usize {
        match value {
            Value::Object(all) => all.values().map(|v| 1 + members(v)).sum(),
            Value::Array(all) if all.len() > 64 => usize::MAX / 2,
            Value::Array(all) => all.iter().map(|v| 1 + members(v)).sum(),
            _ => 0,
        }
    }
    let text = read(&shared_data().unwrap().join(file));
    members(&serde_json::from_slice(&text).unwrap()) <= 1024
}

#[test]
fn arrays_of_large_records() {
    let files = all_of("cloudtrail");
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|f| is_named_in_full(f)).collect();
    let Some(loaded) = load(&files) else { return };
    assert!(loaded.lines.len() >= 8);
    for field in ["eventName", "userIdentity.type", "sourceIPAddress", "requestParameters.bucketName"] {
        let Some(theirs) = loaded.jq(&format!(".Records[] | .{field} | select(. != null)")) else { return };
        let values: u64 = theirs.values().sum();
        let named = format!("\"Records[].{field}\"");
        assert_eq!(loaded.number(&format!("* | stats count({named})")), values.to_string(), "{field}");
        let distinct = loaded.number(&format!("* | stats count_distinct({named})"));
        assert_eq!(distinct, theirs.len().to_string(), "{field}");
    }
}
