//! Functions, each with what it gives and with what it cannot be given.

use super::{check, expr, row};
use gastrolog_types::Value;

#[test]
fn choices() {
    check(
        r#"
        if(status >= 500, "bad", "good") => "bad"
        if(status < 500, "bad", "good") => "good"
        if(lacking, 1, 2) => 2
        if(false, 1) => null
        if(7, 1, 2) => 2
        case(status < 400, "ok", status < 500, "client", status < 600, "server") => "server"
        case(false, 1, null, 2, 3) => 3
        case(false, 1, false, 2) => null
        coalesce(lacking, null, nan, "x", 1 / 0) => "x"
        coalesce(empty, 1) => ""
        coalesce(lacking) => null
        is_null(lacking) => "true"
        is_null(empty) => "false"
        is_null(1 / 0) => "true"
        min(3, "2", 2.5) => "2"
        max(3, "2", 2.5) => 3
        max("b", "a") => "b"
        max(_time, stamp) => @2026-03-04T10:20:30.25Z
        min(1, lacking) => null
        min(lacking) => null
        max(_time, path) => null
        "#,
    );
}

#[test]
fn numbers() {
    check(
        r#"
        abs(n) => 7
        abs(-2.5) => 2.5
        abs(least) => 9.223372036854776e18
        abs(-18446744073709551615) => "18446744073709551615"
        floor(18446744073709551615) => "18446744073709551615"
        int("18446744073709551615") => "18446744073709551615"
        round(18446744073709551615, -30) => 0
        round(18446744073709551615, -2) => 1.8446744073709552e19
        abs(path) => null
        abs(lacking) => null
        ceil(2.1) => 3
        ceil(-2.1) => -2
        ceil(status) => 500
        floor(2.9) => 2
        floor(-2.1) => -3
        floor(1e300) => 1e300
        round(2.5) => 3
        round(-2.5) => -3
        round(2.4) => 2
        round(3.14159, 2) => 3.14
        round(2.5, 0) => 3
        round(1234, -2) => 1200
        round(1250, -2) => 1300
        round(-1250, -2) => -1300
        round(1234, 2) => 1234
        round(most, -1) => 9.223372036854776e18
        round(5, -40) => 0
        round(1234.5, -2) => 1200.0
        round(1.5, 400) => 1.5
        round(1e300, 300) => 1e300
        round(1.5, -400) => 0.0
        round(1.5, 0.5) => null
        round(x, lacking) => null
        sqrt(16) => 4.0
        sqrt(-1) => null
        pow(2, 10) => 1024
        pow(2, -1) => 0.5
        pow(10, 30) => 1e30
        pow(10, 400) => null
        pow(-8, 0.5) => null
        pow(0, -1) => null
        exp(0) => 1.0
        exp(1000) => null
        ln(1) => 0.0
        ln(0) => null
        log10(1000) => 3.0
        log2(8) => 3.0
        log2(-8) => null
        int(2.9) => 2
        int(-2.9) => -2
        int("12") => 12
        int(1e30) => null
        int(path) => null
        int(most) => 9223372036854775807
        number("1.50") => 1.5
        number("x") => null
        number(" 1") => null
        number(_time) => null
        "#,
    );
}

#[test]
fn texts() {
    check(
        r#"
        lower("ÄB c") => "\xc3\xa4b c"
        upper("äß") => "\xc3\x84SS"
        upper(bytes) => "A\xff\xc3B"
        lower(500) => "500"
        lower(lacking) => null
        trim("  a b\t ") => "a b"
        trim("　 x　") => "x"
        trim("   ") => ""
        trim(bytes) => "a\xff\xc3b"
        trim(lacking) => null
        length(name) => 7
        length(bytes) => 4
        length(empty) => 0
        length(1.5) => 3
        length(null) => null
        substring(name, 1, 3) => "\xc3\xa4th"
        substring(name, 6) => "\xf0\x9f\x98\x80"
        substring(name, -1) => "\xf0\x9f\x98\x80"
        substring(name, -3, 2) => "e "
        substring(name, 99) => ""
        substring(name, -99, 2) => "K\xc3\xa4"
        substring(name, 0, 0) => ""
        substring(name, 0, -1) => null
        substring(name, 0, lacking) => null
        substring(name, most, most) => ""
        substring(name, least) => "K\xc3\xa4the \xf0\x9f\x98\x80"
        substring(bytes, 1, 1) => "\xff"
        substring(status, 0, 1) => "5"
        replace(path, "/", ":") => ":api:v1:items"
        replace("aaa", "aa", "b") => "ba"
        replace(path, "", "x") => "/api/v1/items"
        replace(path, "x", "y") => "/api/v1/items"
        replace(bytes, "b", "c") => "a\xff\xc3c"
        replace(lacking, "a", "b") => null
        replace(path, lacking, "b") => null
        replace(path, "a", lacking) => null
        replace(path, /[0-9]+/, "N") => "/api/vN/items"
        replace("ab cd", /(\w)(\w)/, "$2$1") => "ba dc"
        replace("ab", /(?<first>a)/, "${first}-$first-$x-$9-$$-$") => "a-a---$-$b"
        replace("ab", /(a)/, "$1x") => "b"
        replace("ab", /(a)/, "${1}x") => "axb"
        replace("ab", /a/, "${") => "${b"
        replace("ab", /x*/, "-") => "-a-b-"
        replace(bytes, /a/, "$0$0") => "aa\xff\xc3b"
        replace(lacking, /a/, "b") => null
        replace("a", /a/, lacking) => null
        matches(path, /^\/api\//) => "true"
        matches(path, /items\d/) => "false"
        matches(lacking, /a/) => null
        matches(500, /^5/) => "true"
        contains(path, "v1") => "true"
        contains(path, "V1") => "false"
        contains(path, "") => "true"
        contains(path, lacking) => null
        starts_with(path, "/api") => "true"
        starts_with(path, "api") => "false"
        starts_with(lacking, "a") => null
        ends_with(path, "items") => "true"
        ends_with(path, "item") => "false"
        ends_with(status, 0) => "true"
        concat("a", 1, 2.5, _time) => "a12.52026-03-04T10:20:30.25Z"
        concat("a", lacking) => null
        concat(1e300, 1e-7, 0.1) => "1e3000.00000010.1"
        split(path, "/", 1) => "api"
        split(path, "/", 0) => ""
        split(path, "/", -1) => "items"
        split(path, "/", -4) => ""
        split(path, "/", 4) => null
        split(path, "/", -5) => null
        split(path, "/", least) => null
        split(path, "x", 0) => "/api/v1/items"
        split(path, "", 0) => null
        split("a--b---c", "--", 2) => "-c"
        split(path, "/", 1.5) => null
        text(1.0) => "1"
        text(2.50) => "2.5"
        text(1e300) => "1e300"
        text(n) => "-7"
        text(_time) => "2026-03-04T10:20:30.25Z"
        text(1 = 1) => "true"
        text(null) => null
        "#,
    );
}

#[test]
fn times() {
    check(
        r#"
        time("2026-03-04") => @2026-03-04T00:00:00Z
        time(day) => @2026-03-04T00:00:00Z
        time("2026-03-04 10:20:30") => @2026-03-04T10:20:30Z
        time("2026-03-04T10:20:30+02:00") => @2026-03-04T08:20:30Z
        time("04/Mar/2026:10:20:30 +0000") => @2026-03-04T10:20:30Z
        time(0) => @1970-01-01T00:00:00Z
        time(1772619630) => @2026-03-04T10:20:30Z
        time(1772619630.25) => @2026-03-04T10:20:30.25Z
        time(1772619630250) => @2026-03-04T10:20:30.25Z
        time(1772619630250000) => @2026-03-04T10:20:30.25Z
        time("1772619630250000000") => @2026-03-04T10:20:30.25Z
        time(status) => @1970-01-01T00:08:20Z
        time(-1) => @1969-12-31T23:59:59Z
        time(path) => null
        time(bytes) => null
        time(least) => null
        time(1e300) => null
        time(lacking) => null
        unix(_time) => 1772619630.25
        unix(now()) => 1772619630
        unix(day) => 1772582400
        unix(path) => null
        bin(_time, 5m) => @2026-03-04T10:20:00Z
        bin(_time, 0.5) => @2026-03-04T10:20:30Z
        bin(stamp, 1h) => @2026-03-04T10:00:00Z
        bin(_time, 0) => null
        bin(_time, -5) => null
        bin(_time, most) => null
        bin(_time, 1e-10) => null
        bin(early, 1d) => null
        bin(status, 150) => 450
        bin(-7, 5) => -10
        bin(2.7, 0.5) => 2.5
        bin(least, 3) => null
        bin(path, 5) => null
        bin(status, lacking) => null
        year(_time) => 2026
        month(_time) => 3
        day(_time) => 4
        hour(_time) => 10
        minute(_time) => 20
        second(_time) => 30
        weekday(_time) => 3
        weekday("2026-03-08") => 7
        year(early) => 1677
        hour(path) => null
        hour(lacking) => null
        format_time(_time, "%Y-%m-%d %H:%M:%S%.f %A") => "2026-03-04 10:20:30.25 Wednesday"
        format_time(stamp, "%s") => "1772619630"
        format_time(early, "%F") => "1677-09-21"
        format_time(_time, path) => "/api/v1/items"
        format_time(_time, concat("%", "!")) => null
        format_time(lacking, "%Y") => null
        "#,
    );
}

#[test]
fn formats() {
    check(
        r#"
        duration("1.5s") => 1.5
        duration("250ms") => 0.25
        duration("1h30m") => 5400
        duration("100ns") => 1e-7
        duration("3us") => 3e-6
        duration("3µs") => 3e-6
        duration("-2d") => -172800
        duration("1w") => 604800
        duration("0s") => 0
        duration("5") => null
        duration("5 s") => null
        duration("s") => null
        duration("") => null
        duration("1.5.5s") => null
        duration(took) => null
        duration(bytes) => null
        duration(lacking) => null
        size("2MiB") => 2097152
        size("1.5kB") => 1500
        size("10 KB") => 10000
        size("1GB") => 1000000000
        size("1TiB") => 1099511627776
        size("10B") => 10
        size("512") => 512
        size("1.5") => 1.5
        size("1X") => null
        size("MB") => null
        size("99999999999999999999PB") => 1e35
        size(lacking) => null
        cidr_match("10.1.2.3", "10.0.0.0/8") => "true"
        cidr_match("11.1.2.3", "10.0.0.0/8") => "false"
        cidr_match("11.1.2.3", "0.0.0.0/0") => "true"
        cidr_match("::ffff:10.1.2.3", "10.0.0.0/8") => "true"
        cidr_match("10.1.2.3", "::ffff:10.0.0.0/104") => "true"
        cidr_match("2001:db8::1", "2001:db8::/32") => "true"
        cidr_match("2001:db9::1", "2001:db8::/32") => "false"
        cidr_match("2001:db8::1", "10.0.0.0/8") => "false"
        cidr_match("10.0.0.1", "10.0.0.1") => "true"
        cidr_match("10.0.0.2", "10.0.0.1/32") => "false"
        cidr_match(path, "10.0.0.0/8") => null
        cidr_match("10.0.0.1", path) => null
        cidr_match(lacking, "10.0.0.0/8") => null
        url_decode("a%20b%2Fc+d") => "a b/c+d"
        url_decode("100%") => "100%"
        url_decode("%zz%4") => "%zz%4"
        url_decode("%FF") => "\xff"
        url_decode(lacking) => null
        json_get(body, "user.id") => 7
        json_get(body, "user.tags[0]") => "a\n"
        json_get(body, "user.tags[1]") => null
        json_get(body, "user.tags[2]") => 1.5
        json_get(body, "user.tags[3]") => null
        json_get(body, "user.tags") => "[\"a\\n\", null, 1.50]"
        json_get(body, "ok") => "true"
        json_get(body, "big") => "1e999"
        json_get(body, "a.b") => null
        json_get(body, "user.id.x") => null
        json_get(body, "user[0]") => null
        json_get(body, "user.") => null
        json_get(body, "[0]") => null
        json_get("[[1, 2], 3]", "[0][1]") => 2
        json_get("\"x\"", "") => "x"
        json_get("{\"a\": 1} x", "a") => null
        json_get(path, "a") => null
        json_get(bytes, "a") => null
        json_get(lacking, "a") => null
        hash("") => 5472609002491880229
        hash("a") => 3414815163700866188
        hash(5) = hash("5") => "true"
        hash(status) >= 0 => "true"
        hash(lacking) => null
        "#,
    );
}

fn text_bytes(text: &str, long: usize) -> usize {
    let field = |name: &str| if name == "long" { Value::Text(vec![b'a'; long]) } else { row(name) };
    match expr(text).eval(&field) {
        Value::Text(text) => text.len(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn results_are_bounded() {
    const MAX: usize = 1 << 20;
    for text in [
        "concat(long, long)",
        "replace(long, \"a\", long)",
        "replace(long, /a/, long)",
        "replace(long, /^(a+)$/, \"$1$1$1$1$1$1$1$1\")",
        "replace(concat(long, long), /$/, long)",
        "upper(concat(long, long))",
    ] {
        assert_eq!(text_bytes(text, MAX - 1), MAX, "{text}");
    }
    // A character is not cut in half.
    assert_eq!(text_bytes("concat(long, \"ä\")", MAX - 1), MAX - 1);
    assert_eq!(text_bytes("concat(long, \"ä\")", MAX - 2), MAX);
    assert_eq!(text_bytes("trim(long)", 2 * MAX), MAX);
}
