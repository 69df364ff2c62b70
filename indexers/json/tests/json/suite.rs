//! The files of JSONTestSuite, where they lie beside the project; skipped elsewhere.

use crate::index;

const SUITE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/json-and-strings/JSONTestSuite/test_parsing");

/// Why a file that is not JSON may be claimed all the same.
fn lenient(name: &str) -> Option<&'static str> {
    let has = |parts: &[&str]| parts.iter().any(|p| name.contains(p));
    if has(&["n_number", "n_array_just_minus"]) {
        return Some("a number is a run of the bytes numbers are made of");
    }
    if has(&["n_string", "invalid_utf8", "invalid-utf-8"]) {
        return Some("control characters, odd escapes and invalid UTF-8 are kept as they stand");
    }
    if has(&["n_object", "n_structure"]) {
        return Some("text after or before an object is left to other indexers");
    }
    None
}

#[test]
fn json_test_suite() {
    let Ok(files) = std::fs::read_dir(SUITE) else {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{SUITE} is not there");
        eprintln!("skipped: {SUITE} is not there");
        return;
    };
    let (mut claimed_right, mut refused_right) = (0, 0);
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read(&path).unwrap();
        let claimed = index(&text).is_some();
        let container = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        match name.as_bytes()[0] {
            b'y' => {
                assert_eq!(claimed, container, "{name}");
                claimed_right += u32::from(claimed);
            }
            b'n' if claimed => assert!(lenient(&name).is_some(), "{name} is not JSON"),
            b'n' => refused_right += 1,
            _ => {}
        }
    }
    eprintln!("{claimed_right} claimed, {refused_right} refused");
    assert!(claimed_right > 80 && refused_right > 120, "{claimed_right} {refused_right}");
}
