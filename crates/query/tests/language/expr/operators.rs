//! Operators.

use super::{check, expr};

#[test]
fn arithmetic() {
    check(
        r#"
        1 + 2 * 3 => 7
        (1 + 2) * 3 => 9
        10 - 4 - 3 => 3
        100 / 10 / 2 => 5
        7 / 2 => 3.5
        6 / 2 => 3
        6.0 / 2 => 3.0
        7 % 3 => 1
        -7 % 3 => -1
        7.5 % 2 => 1.5
        least % -1 => 0
        1 / 0 => null
        1 % 0 => null
        1.5 / 0 => null
        -status => -500
        -least => 9.223372036854776e18
        -took => -1.5
        -path => null
        - -5 => 5
        -18446744073709551615 => "-18446744073709551615"
        -"9223372036854775808" => -9223372036854775808
        18446744073709551615 = 18446744073709551614 => "false"
        "18446744073709551615" > 18446744073709551614 => "true"
        18446744073709551616 = 18446744073709551616.0 => "true"
        18446744073709551615 + 1 => 1.8446744073709552e19
        -(5) => -5
        status + 1 => 501
        took * 2 => 3.0
        path + 1 => null
        empty + 1 => null
        lacking + 1 => null
        null * 2 => null
        nan + 1 => null
        most + 1 => 9.223372036854776e18
        least - 1 => -9.223372036854776e18
        most * 2 => 1.8446744073709552e19
        least / -1 => 9.223372036854776e18
        1e308 * 10 => null
        9007199254740993 + 0 => 9007199254740993
        5m => 300
        1h30m + 1 => 5401
        250ms => 0.25
        -5m => -300
        5m-3 => 297
        1e3 => 1000.0
        1e-3 => 0.001
        x-1 => 1.5
        1 # a comment => 1
        "#,
    );
}

#[test]
fn times() {
    check(
        r#"
        _time => @2026-03-04T10:20:30.25Z
        _time + 5m => @2026-03-04T10:25:30.25Z
        5m + _time => @2026-03-04T10:25:30.25Z
        _time - 30 => @2026-03-04T10:20:00.25Z
        _time - 0.25 => @2026-03-04T10:20:30Z
        _time - "0.25" => @2026-03-04T10:20:30Z
        _time - time("2026-03-04T10:20:00.25Z") => 30
        _time - stamp => 0
        _time - day => 37230.25
        stamp - _time => 0
        5 - _time => null
        took - _time => null
        day - _time => -37230.25
        _time - path => null
        _time - lacking => null
        _time + _time => null
        _time * 2 => null
        late + 1 => null
        early - 1 => null
        late - early => 18446744073.709553
        _time + 1e300 => null
        _time + most => null
        none => null
        none + 1 => null
        now() => @2026-03-04T10:20:30Z
        now() - 1h => @2026-03-04T09:20:30Z
        _time > now() => "true"
        _time = stamp => "true"
        _time > day => "true"
        day < _time => "true"
        _time > 1772619630 => "true"
        _time = path => null
        _time = none => null
        "#,
    );
}

#[test]
fn comparisons() {
    check(
        r#"
        status = 500 => "true"
        status == 500.0 => "true"
        status = "0500" => "true"
        status != 500 => "false"
        status > 99 => "true"
        status <= 499 => "false"
        "abc" < "abd" => "true"
        "10" < "9" => "false"
        "10" < "9x" => "true"
        5 < "abc" => "true"
        "a" = "A" => "false"
        path = "/api/v1/items" => "true"
        bytes = bytes => "true"
        most < 9223372036854775808 => "true"
        9007199254740993 = 9007199254740992.0 => "false"
        lacking = null => null
        lacking != 1 => null
        lacking < 1 => null
        (1 < 2) = true => "true"
        1 + 1 = 2 => "true"
        "#,
    );
}

#[test]
fn logic_has_three_values() {
    check(
        r#"
        true and true => "true"
        true and false => "false"
        true and null => null
        null and true => null
        null and false => "false"
        false and null => "false"
        null and null => null
        false or false => "false"
        false or true => "true"
        true or null => "true"
        null or true => "true"
        null or false => null
        false or null => null
        not true => "false"
        not false => "true"
        not null => null
        not not true => "true"
        TRUE And "False" => "false"
        5 and true => null
        not path => null
        path or true => "true"
        false and false or true => "true"
        true or true and false => "true"
        not false and false => "false"
        not 1 = 2 => "true"
        status = 500 and took > 1 or false => "true"
        "#,
    );
}

#[test]
fn fields_and_texts() {
    check(
        r#"
        field("content-type") => "text/html"
        field("status") => "500"
        "a\"b\\c\n\t\d" => "a\"b\\c\n\t\\d"
        " # no comment" => " # no comment"
        Null => null
        "#,
    );
}

#[test]
fn long_sums_are_no_deep_recursion() {
    let long = vec!["status"; 490].join(" + ");
    let tree = expr(&long);
    assert_eq!(tree.eval(&super::row), gastrolog_types::Value::Int(500 * 490));
    assert_eq!(tree.clone().to_string(), long);
}
