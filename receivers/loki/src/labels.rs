//! Reads the labels of a stream in protobuf: `{job="x", path="C:\\y"}`.

use crate::gather::Pair;

/// The labels; `None` when it is not written like labels.
pub(crate) fn parse(text: &str) -> Option<Vec<Pair>> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        labels.push((name.trim().to_owned(), value));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(labels)
}

/// A text in quotes as Go writes it, and what follows it.
fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    if let Some(text) = text.strip_prefix('`') {
        let (value, after) = text.split_once('`')?;
        return Some((value.into(), after));
    }
    let text = text.strip_prefix('"')?;
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        let (plain, after) = rest.split_at_checked(at)?;
        value.extend_from_slice(plain.as_bytes());
        if let Some(after) = after.strip_prefix('"') {
            return Some((value, after));
        }
        rest = escape(after.strip_prefix('\\')?, &mut value)?;
    }
}

/// Undoes one escape; `text` begins behind the backslash.
fn escape<'a>(text: &'a str, value: &mut Vec<u8>) -> Option<&'a str> {
    let kind = text.chars().next()?;
    let rest = text.get(kind.len_utf8()..)?;
    let simple = match kind {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        '\\' | '"' | '\'' => kind as u8,
        'x' => {
            value.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
            return rest.get(2..);
        }
        'u' | 'U' => {
            let digits = if kind == 'u' { 4 } else { 8 };
            let char = char::from_u32(u32::from_str_radix(rest.get(..digits)?, 16).ok()?)?;
            value.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return rest.get(digits..);
        }
        '0'..='7' => {
            value.push(u8::from_str_radix(text.get(..3)?, 8).ok()?);
            return text.get(3..);
        }
        _ => return None,
    };
    value.push(simple);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, wanted: &[(&str, &str)]) {
        let wanted = wanted.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec()));
        assert_eq!(parse(text), Some(wanted.collect()), "{text}");
    }

    #[test]
    fn as_go_writes_them() {
        check("{}", &[]);
        check(r#"{job="a b", host="web-1",}"#, &[("job", "a b"), ("host", "web-1")]);
        check(r#" { a = "x\"y\\z\n\u00e9\x41\101" } "#, &[("a", "x\"y\\z\né\u{41}A")]);
        check(r#"{a="1,b=}",c=`x"\`}"#, &[("a", "1,b=}"), ("c", "x\"\\")]);
        for bad in
            ["", "{", "a=b", "{a}", "{a=b}", r#"{a="b}"#, r#"{a="b" c="d"}"#, r#"{a="\q"}"#, r#"{a="\u12"}"#]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in ".*", junk in "\\PC*") {
            let text = format!("{{a={value:?}}}").replace("\\u{", "\\U{");
            // Rust writes \u{1f}, Go \U0000001f.
            let mut go = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("\\U{") {
                let (digits, after) = after.split_once('}').unwrap();
                go += &format!("{before}\\U{digits:0>8}");
                rest = after;
            }
            go += rest;
            if !value.contains("\\u{") && !value.contains('\0') {
                prop_assert_eq!(parse(&go), Some(vec![("a".to_owned(), value.into_bytes())]));
            }
            let _ = parse(&junk);
        }
    }
}
