//! Pipes: what becomes of these rows?

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{Case, cases, rows, store};

/// Its pipe, by file and line, and what it is called here.
const SAME: &[(&str, &[(u64, &str)])] = &[
    (
        "pipe_filter",
        &[
            (36, "where abc"),
            (44, "where abc"),
            (52, "where foo"),
            (65, "where foo"),
            (78, "where x=/\\bfoo\\b/ y=/\\bbar\\b/"),
        ],
    ),
    (
        "pipe_fields",
        &[(49, "fields a"), (61, "fields x, y"), (86, "fields foo, a, bar"), (204, "fields a, b")],
    ),
    (
        "pipe_rename",
        &[
            (38, "rename a as b"),
            (65, "rename x as b"),
            (79, "rename _msg as a"),
            (91, "rename a as a"),
            (129, "rename a as b | rename b as c"),
        ],
    ),
    (
        "pipe_copy",
        &[
            (44, "eval b = a"),
            (58, "eval b = a, c = a, d = _msg"),
            (74, "eval b = x"),
            (88, "eval a = _msg"),
            (101, "eval a = a"),
            (114, "eval b = a, a = _msg, _msg = b"),
            (128, "eval b = a, b = _msg"),
            (142, "eval b = a, c = b"),
            (240, "eval b = a"),
        ],
    ),
    (
        "pipe_limit",
        &[
            (32, "limit 10"),
            (44, "limit 100"),
            (56, "limit 1"),
            (68, "limit 0"),
            (75, "limit 1"),
            (91, "limit 1"),
        ],
    ),
    (
        "pipe_extract_regexp",
        &[
            (98, r#"extract /baz=(?P<abc>.*) a=(?P<aa>.*)/ from _msg"#),
            (113, r#"extract /baz=(?P<abc>.*) a=(?P<aa>.*)/ from _msg"#),
            (126, r#"extract /msg=(?P<_msg>.*)/ from _msg"#),
            (137, r#"extract /foo=(?P<bar>.*)/ from x"#),
            (149, r#"extract /foo=(?P<bar>.*)/ from x"#),
            (160, r#"extract /foo=(?P<bar>.*) baz=(?P<xx>.*)/ from x"#),
            (173, r#"extract /foo=(?P<bar>.*) baz=(?P<xx>.*)/ from x"#),
            (187, r#"extract /foo=(?P<bar>.*) baz=(?P<xx>.*)/ from x"#),
            (68, r#"extract /baz=(?P<abc>.*) a=(?P<aa>.*)/ from _msg"#),
        ],
    ),
    (
        "pipe_math",
        &[
            (94, "eval a = b+1, b = a*2, c = b-10.5+c"),
            (206, "eval a = 1"),
            (220, "eval a = 10 * 5 - 3"),
            (248, "eval a = b"),
            (276, "eval x = 2*c + b"),
            (
                291,
                "eval n = min(number(a),b), min = abs(-b), max = round(max(40*b/30,c)) | rename n as unused",
            ),
        ],
    ),
    (
        "pipe_replace",
        &[
            (48, r#"eval _msg = replace(_msg, "_", "-")"#),
            (98, r#"eval foo = replace(foo, "_", "-")"#),
            (117, r#"eval foo = if(bar = "abc", replace(foo, "_", ""), foo)"#),
        ],
    ),
    (
        "pipe_replace_regexp",
        &[
            (51, r#"eval _msg = replace(_msg, /foo(.+?)bar/, "q-${1}-x")"#),
            (70, r#"eval _msg = replace(_msg, /[_\/]/, "-")"#),
            (120, r#"eval foo = replace(foo, /[_\/]/, "-")"#),
            (139, r#"eval foo = if(bar = "abc", replace(foo, /[_\/]/, ""), foo)"#),
        ],
    ),
    (
        "pipe_uniq",
        &[
            (48, "stats count() by a | fields a"),
            (68, "stats count() as hits by a"),
            (89, "where b=* | stats count() by b | fields b"),
            (112, "stats count() as hits by b"),
            (137, "stats count() by c | fields c"),
            (160, "stats count() as hits by c"),
            (185, "stats count() by d | fields d"),
            (205, "stats count() as hits by d"),
            (226, "stats count() by a, b | fields a, b"),
            (251, "stats count() as hits by a, b"),
        ],
    ),
    (
        "pipe_first",
        &[
            (86, "sort a | head 1"),
            (103, "sort -a | head 1"),
            (120, "sort a, -b | head 1"),
            (143, "sort a, b | head 2"),
            (171, "sort a | dedup b | sort b"),
        ],
    ),
    (
        "pipe_last",
        &[
            (87, "sort -a | head 1"),
            (104, "sort a | head 1"),
            (121, "sort -a, b | head 1"),
            (171, "sort -a | dedup b | sort -b"),
        ],
    ),
    ("pipe_len", &[(40, "eval x = coalesce(length(foo), 0)")]),
];

/// Its pipes that have no counterpart, or another meaning, with the reason.
const OTHER: &[(&str, &[u64], &str)] = &[
    ("pipe_fields", &[36, 100, 137, 172], "`fields` takes names, not patterns"),
    ("pipe_fields", &[74], "two columns of one name are an error here"),
    ("pipe_rename", &[142, 157, 172, 186, 201], "`rename` takes names, not patterns"),
    ("pipe_rename", &[51, 104, 117], "all renames of a stage act at once, and a name stands in them once"),
    ("pipe_rename", &[216], "a record that lacks the old name keeps what it has under the new one"),
    ("pipe_copy", &[157, 172, 189, 206, 222], "`eval` takes names, not patterns"),
    ("pipe_extract_regexp", &[53, 83], "no options for results that are empty: use coalesce"),
    ("pipe_extract_regexp", &[201, 214], "no condition: use where, or if() in eval"),
    ("pipe_math", &[67], "no arithmetic on addresses and bits; times and durations are not in nanoseconds"),
    ("pipe_math", &[108], "`default`: coalesce(a / b, c); a is not a number there, and is null here"),
    ("pipe_math", &[152], "round takes digits, not a step, and a result without a name has none here"),
    ("pipe_math", &[234], "no K for a thousand"),
    ("pipe_math", &[262], "a text stays a text where no number is wanted"),
    ("pipe_math", &[307], "no ^, no step for round"),
    ("pipe_replace", &[79], "no limit: all are replaced"),
    ("pipe_replace_regexp", &[101], "no limit: all are replaced"),
    ("pipe_first", &[51, 68], "without a field to order by; no ranks"),
    ("pipe_last", &[52, 69], "without a field to order by; no ranks"),
    (
        "pipe_last",
        &[144],
        "of rows that lack the key it takes them first when turned round; here they are always last",
    ),
];

type Row = Map<String, Json>;

fn table(json: &Json) -> Option<Vec<Row>> {
    let pair = |p: &Json| (p[0].as_str().unwrap().to_owned(), p[1].clone());
    let row = |row: &Json| row.as_array().unwrap().iter().map(pair).collect();
    Some(json.as_array()?.iter().map(row).collect())
}

fn check(file: &str) -> Vec<String> {
    let Some(cases) = cases(file) else { return Vec::new() };
    let same = SAME.iter().find(|(f, _)| *f == file).map_or(&[][..], |(_, pairs)| pairs);
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(|c| c.test.starts_with("TestPipe")) {
        let (Some(Some(given)), Some(Some(wanted))) =
            (case.args.get(1).map(table), case.args.get(2).map(table))
        else {
            continue;
        };
        let ours = same.iter().find(|(line, _)| *line == case.line).map(|(_, ours)| *ours);
        let other = OTHER.iter().any(|(f, lines, _)| *f == file && lines.contains(&case.line));
        match ours {
            Some(ours) => {
                ran += 1;
                wrong.extend(
                    difference(case, ours, &given, &wanted).map(|d| format!("{file}:{} {d}", case.line)),
                );
            }
            None if !other => wrong.push(format!("{file}:{} is in no list: {}", case.line, case.args[0])),
            None => {}
        }
    }
    let others: usize = OTHER.iter().filter(|(f, ..)| *f == file).map(|(_, lines, _)| lines.len()).sum();
    eprintln!("{file}: {ran} cases ran, {others} have no counterpart");
    wrong
}

/// What differs, on the fields that either side has; the order of rows counts where the pipe gives one.
fn difference(case: &Case, ours: &str, given: &[Row], wanted: &[Row]) -> Option<String> {
    let is_table = ours.starts_with("stats") || ours.contains("| stats");
    let sources = if is_table { &[][..] } else { given };
    let names: BTreeSet<&str> =
        sources.iter().chain(wanted).flat_map(|row| row.keys()).map(String::as_str).collect();
    let names: Vec<String> = names.into_iter().map(|n| format!("{n:?}")).collect();
    let records: Vec<Vec<u8>> = given.iter().map(|row| serde_json::to_vec(row).unwrap()).collect();
    let engine = store(&records);
    let last = if ours.starts_with("fields") || names.is_empty() {
        String::new()
    } else {
        format!(" | fields {}", names.join(", "))
    };
    let mut got = match rows(&engine, &format!("* | {ours}{last}")) {
        Ok(rows) => rows,
        Err(e) => return Some(e),
    };
    let columns: Vec<String> = if ours.starts_with("fields") {
        ours.trim_start_matches("fields ").split(", ").map(str::to_owned).collect()
    } else {
        names.iter().map(|n| n.trim_matches('"').to_owned()).collect()
    };
    let cell = |row: &Row, name: &String| match row.get(name).and_then(Json::as_str) {
        None | Some("NaN") => String::new(),
        Some(text) => text.to_owned(),
    };
    let mut expected: Vec<Vec<String>> =
        wanted.iter().map(|row| columns.iter().map(|name| cell(row, name)).collect()).collect();
    if !ours.contains("sort") {
        got.sort();
        expected.sort();
    }
    (got != expected).then(|| format!("{} as `{ours}` gives {got:?}, not {expected:?}", case.args[0]))
}

#[test]
fn every_pipe() {
    let wrong: Vec<String> = SAME.iter().flat_map(|(file, _)| check(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
