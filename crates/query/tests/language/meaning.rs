//! What each operator means.

use crate::common::{TestRecord, query};
use gastrolog_query::matches;

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
