//! The examples of the manual: a call in VRL and its result.

use serde_json::{Map, Value as Json, json};

/// Name, arguments by name, and expected value.
pub(super) fn cases(file: &str) -> Vec<(String, Json, Json)> {
    let file: Json = serde_json::from_str(file).unwrap();
    let names: Vec<&str> =
        file["arguments"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    let examples = file["examples"].as_array().unwrap().iter().enumerate();
    let case = |(i, example): (usize, &Json)| {
        let arguments = arguments(example["source"].as_str().unwrap(), &names);
        let want =
            if example["raises"].is_string() { json!({"$err": ""}) } else { example["return"].clone() };
        (format!("example {i}"), arguments, want)
    };
    examples.map(case).collect()
}

/// Of `name!(a, other: b)`. Times and regular expressions become objects as in the tests.
fn arguments(source: &str, names: &[&str]) -> Json {
    let (_, inside) = source.trim().split_once('(').unwrap();
    let inside = special(special(inside.strip_suffix(')').unwrap().to_owned(), "t'", "$ts"), "r'", "$regex");
    let mut by_name = Map::new();
    for (i, argument) in split(&inside).into_iter().enumerate() {
        let named =
            names.iter().find_map(|name| Some((*name, argument.strip_prefix(name)?.strip_prefix(':')?)));
        let (name, value) = named.unwrap_or((names[i], &argument));
        by_name.insert(name.to_owned(), serde_json::from_str(&value.trim().replace('\n', "\\n")).unwrap());
    }
    Json::Object(by_name)
}

fn special(mut text: String, opening: &str, key: &str) -> String {
    while let Some(start) =
        text.find(opening).filter(|at| *at == 0 || matches!(text.as_bytes()[at - 1], b' ' | b'('))
    {
        let inner = text[start + 2..].find('\'').unwrap();
        let value = json!({key: text[start + 2..start + 2 + inner]}).to_string();
        text.replace_range(start..start + 3 + inner, &value);
    }
    text
}

/// At commas outside of brackets and quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quoted) = (vec![String::new()], 0, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}
