//! VRL's calls as expressions.

use serde_json::Value as Json;

const REGEX: &str = "a regular expression as a separator";
const LIST: &str = "a list or an object";
const RUST: &str = "an argument that only Rust computes";

/// Expressions of the same meaning, several for the elements of a list; else why there is none.
pub(super) fn translate(function: &str, arguments: &Json) -> Result<Vec<String>, &'static str> {
    let value = |name: &str| written(&arguments[name]);
    let one = |name: &str| Ok(vec![format!("{name}({})", value("value")?)]);
    match function {
        "downcase" => one("lower"),
        "upcase" => one("upper"),
        "strip_whitespace" => one("trim"),
        "decode_percent" => one("url_decode"),
        "is_null" => one("is_null"),
        "to_string" => one("text"),
        "to_float" if arguments["value"]["$ts"].is_string() => one("unix"),
        "to_float" => one("number"),
        "to_int" => one("int"),
        "match" => Ok(vec![format!("matches({}, {})", value("value")?, value("pattern")?)]),
        "contains" | "starts_with" | "ends_with" => {
            let (text, part) = (value("value")?, value("substring")?);
            Ok(vec![match arguments["case_sensitive"] {
                Json::Bool(false) => format!("{function}(lower({text}), lower({part}))"),
                _ => format!("{function}({text}, {part})"),
            }])
        }
        "replace" => match arguments["count"].as_i64() {
            None | Some(-1) => {
                Ok(vec![format!("replace({}, {}, {})", value("value")?, value("pattern")?, value("with")?)])
            }
            Some(_) => Err("a number of replacements"),
        },
        "slice" => Ok(vec![slice(&value("value")?, &arguments["start"], &arguments["end"])]),
        "truncate" => {
            let suffix = if arguments["suffix"].is_string() { value("suffix")? } else { "\"\"".into() };
            let (text, limit) = (value("value")?, value("limit")?);
            Ok(vec![format!(
                "if(length({text}) > {limit}, concat(substring({text}, 0, {limit}), {suffix}), {text})"
            )])
        }
        "split" => split(arguments),
        "format_timestamp" => match arguments["timezone"].as_str() {
            None | Some("local") => {
                Ok(vec![format!("format_time({}, {})", value("value")?, value("format")?)])
            }
            Some(_) => Err("a zone other than UTC"),
        },
        "to_unix_timestamp" => {
            let times = match arguments["unit"].as_str() {
                None | Some("seconds") => 1,
                Some("milliseconds") => 1_000,
                Some("microseconds") => 1_000_000,
                Some("nanoseconds") => 1_000_000_000,
                Some(other) => panic!("unit {other}"),
            };
            Ok(vec![format!("unix({}) * {times}", value("value")?)])
        }
        "ip_cidr_contains" => {
            let nets = match &arguments["cidr"] {
                Json::Array(nets) => nets.clone(),
                net => vec![net.clone()],
            };
            let ip = value("value")?;
            let mut tests = Vec::new();
            for net in &nets {
                tests.push(format!("cidr_match({ip}, {})", written(net)?));
            }
            Ok(vec![tests.join(" or ")])
        }
        other => panic!("no translation of {other}"),
    }
}

fn slice(text: &str, start: &Json, end: &Json) -> String {
    match end.as_i64() {
        None => format!("substring({text}, {start})"),
        Some(end) => format!("substring({text}, {start}, {end} - {start})"),
    }
}

/// One expression for each element, and one beyond the last.
fn split(arguments: &Json) -> Result<Vec<String>, &'static str> {
    if !arguments["limit"].is_null() {
        return Err("a number of parts");
    }
    if !arguments["pattern"].is_string() {
        return Err(REGEX);
    }
    let (text, separator) = (written(&arguments["value"])?, written(&arguments["pattern"])?);
    let parts = arguments["value"].as_str().unwrap().split(arguments["pattern"].as_str().unwrap()).count();
    Ok((0..=parts).map(|i| format!("split({text}, {separator}, {i})")).collect())
}

/// A value as it stands in an expression.
fn written(value: &Json) -> Result<String, &'static str> {
    match value {
        Json::String(text) => Ok(quoted(text)),
        Json::Object(object) => {
            let of = |key: &str| object.get(key).and_then(Json::as_str);
            match (of("$ts"), of("$regex"), of("$rust")) {
                (Some(time), ..) => Ok(format!("time({})", quoted(time))),
                (_, Some(regex), _) => Ok(slashed(regex)),
                (.., Some(rust)) => computed(rust),
                _ => Err(LIST),
            }
        }
        Json::Array(_) => Err(LIST),
        other => Ok(other.to_string()),
    }
}

/// A time or a regular expression in Rust.
fn computed(rust: &str) -> Result<String, &'static str> {
    if let Some((_, rest)) = rust.split_once("Utc.timestamp_opt(") {
        return Ok(format!("time({})", rest.split(',').next().unwrap()));
    }
    if let Some((_, rest)) = rust.split_once("Regex::new(\"") {
        let (source, _) = rest.split_once("\")").unwrap();
        return Ok(slashed(&source.replace("\\\\", "\\")));
    }
    Err(RUST)
}

fn slashed(regex: &str) -> String {
    format!("/{}/", regex.replace('/', "\\/"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
