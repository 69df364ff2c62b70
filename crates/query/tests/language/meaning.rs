//! What each operator means.

use crate::common::{TestRecord, query};
use crate::trees::of_a_kind;
use gastrolog_query::{Literal, matches};
use proptest::prelude::*;

const RECORD: TestRecord<'static> = TestRecord(
    "POST /api/v1/cart: Connection refused by web-17.example (503) user=\"Ann\"",
    &[
        ("status", "503"),
        ("path", "/api/v1/cart"),
        ("host", "web-17"),
        ("duration_ms", "12.50"),
        ("tags[]", "red"),
        ("tags[]", "blue"),
        ("request.method", "POST"),
        ("request.id", "007"),
        ("empty", ""),
        ("version", "10.2.3"),
    ],
);

#[test]
fn selected() {
    for text in [
        "",
        "*",
        "connection",
        "REFUSED",
        "\"connection refused\"",
        "conn* web-*.example",
        "*fused",
        "/Connection\\s+refused/",
        "/(?i)POST/ cart",
        "refused timeout OR cart",
        "(timeout OR refused) NOT health",
        "-missing",
        "status=503",
        "status=503.0",
        "status=\"503\"",
        "status!=500",
        "status>=500 status<600 status>502.5 status<=503",
        "duration_ms=12.5",
        "duration_ms>12",
        "path=/api/v1/cart",
        "path=/api/*",
        "path=*/cart",
        "path=/^\\/api\\/v[12]/",
        "path!=/^x/",
        "path!=/health*",
        "host>web-10 host<web-2",
        "tags[]=red tags[]=blue tags[]!=red",
        "tags[] in (green, blue)",
        "NOT tags[] in (green, white)",
        "request.*=POST",
        "request.id=7 request.id=007",
        "*=web-17",
        "empty=* empty=\"\"",
        "NOT missing=*",
        "NOT missing=x",
        "version>10 OR version=10.2.3",
    ] {
        assert!(matches(&query(text).filter, &RECORD), "{text}");
    }
}

#[test]
fn not_selected() {
    for text in [
        "connect",
        "\"refused connection\"",
        "/connection refused/",
        "conn*web",
        "NOT *",
        "status=50",
        "status=\"503.0\"",
        "status!=503",
        "status>503",
        "status=5030e-2",
        "host>5",
        "version>10",
        "host=WEB-17",
        "host=web",
        "path=/API/*",
        "path=api",
        "missing=*",
        "missing!=x",
        "missing!=x*",
        "missing!=/x/",
        "tags[]=green",
        "tags=red",
        "request=POST",
        "request.id=\"7\"",
        "*=nowhere",
        "empty!=\"\"",
        "refused (timeout OR gone)",
    ] {
        assert!(!matches(&query(text).filter, &RECORD), "{text}");
    }
}

/// Whether a value satisfies a condition on it.
fn holds(condition: &str, value: &str) -> bool {
    matches(&query(&format!("f{condition}")).filter, &TestRecord("", &[("f", value)]))
}

#[test]
fn literals_mean_what_their_form_says() {
    for (condition, value) in [
        ("=1s", "1000ms"),
        ("=1s", "1s"),
        (">1s", "1.5s"),
        (">=90m", "1h30m"),
        ("<1ms", "500µs"),
        ("!=1s", "2s"),
        (" in (1s, 5s)", "5000ms"),
        (">1MB", "1.5MB"),
        ("<1MiB", "1MB"),
        ("=2kB", "2000B"),
        ("=10.0.0.0/8", "10.200.3.4"),
        ("=10.0.0.0/8", "::ffff:10.1.1.1"),
        ("=10.0.0.0/8", "10.0.0.0/8"),
        ("=2001:db8::/32", "2001:db8:5::1"),
        ("!=10.0.0.0/8", "11.0.0.1"),
        (" in (10.0.0.0/8, 192.168.0.0/16)", "192.168.7.7"),
        (">1.2.3", "1.10.0"),
        ("<1.2.3", "v1.2.3-rc1"),
        (">=v2.0", "2.0"),
        (">10.0.0.7", "10.0.0.70"),
        (">2026-01-02", "2026-01-02T00:00:00.5Z"),
        ("<2026-01-02T01:00:00", "2026-01-02T01:30:00+01:00"),
        ("=2026-01-02T03:04:05Z", "2026-01-02 03:04:05"),
        (">=2026-01-02", "2026-01-02"),
        (">=warn", "ERROR"),
        (">=warn", "warning"),
        (">info", "Notice"),
        ("<=err", "error"),
        (">=fatal", "critical"),
        ("=warn", "warn"),
        (">m", "warn"),
        ("<\"1s\"", "1000ms"),
    ] {
        assert!(holds(condition, value), "f{condition} of {value}");
    }
    for (condition, value) in [
        ("=\"1s\"", "1000ms"),
        ("=1000", "1000ms"),
        (">1s", "5"),
        (">1s", "long"),
        (">1MB", "2s"),
        ("=10.0.0.0/8", "11.0.0.1"),
        ("=10.0.0.0/8", "10.0.0"),
        ("=10.0.0.0/8", "x10.0.0.1"),
        ("!=10.0.0.0/8", "10.1.1.1"),
        ("=1.2.3", "v1.2.3"),
        (">1.2.3", "1.2.3"),
        (">1.2.3", "5"),
        ("=10.0.0.7", "10.0.0.70"),
        (">2026-01-02", "later"),
        ("=warn", "warning"),
        (">=warn", "info"),
        (">=warn", "warner"),
        (">=\"warn\"", "error"),
    ] {
        assert!(!holds(condition, value), "f{condition} of {value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn order_and_equality_agree(a in of_a_kind(), b in of_a_kind()) {
        let (x, y) = (Literal::bare(&a), Literal::bare(&b));
        if x.kind_name() == y.kind_name() && x.has_order() {
            let order = x.order_of(b.as_bytes()).unwrap();
            prop_assert_eq!(y.order_of(a.as_bytes()), Some(order.reverse()), "{} {}", &a, &b);
            if !x.is_equal_by_bytes() {
                prop_assert_eq!(x.equals(b.as_bytes()), order.is_eq(), "{} {}", &a, &b);
            }
        }
        prop_assert!(x.equals(a.as_bytes()));
    }
}
