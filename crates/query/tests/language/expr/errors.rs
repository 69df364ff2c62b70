//! What is refused, where, and with which advice.

use crate::common::CONTEXT;
use gastrolog_query::Expr;

fn refused(text: &str) -> (String, String) {
    let error = Expr::parse(text, &CONTEXT).expect_err(text);
    let place = text.get(error.span.clone()).unwrap_or("?").to_owned();
    (place, format!("{}; {}; {}", error.message, error.expected, error.hint.unwrap_or_default()))
}

#[test]
fn errors_say_where_and_what() {
    for (text, place, words) in [
        ("", "", "ends too early; an expression: a field, a number"),
        ("1 +", "", "ends too early; an expression"),
        ("(1 + 2", "", "ends too early; an operator or `)`"),
        ("a b", "b", "an operator such as +"),
        ("1 < 2 < 3", "<", "a < b and b < c"),
        ("a = b + 1 != c", "!=", "comparison of a comparison"),
        ("1 + not a", "not", "binds less"),
        ("a = not b", "not", "(not …)"),
        ("and", "and", "an expression"),
        ("a and", "", "ends too early"),
        ("a && b", "&&", "a and b"),
        ("a ^ 2", "^", "pow(x, 2)"),
        ("!a", "!a", "not x"),
        ("$a", "$a", "field(\"name\")"),
        ("'a'", "'a'", "double quotes"),
        ("\"a", "\"", "not closed"),
        ("a =~ /x/", "~", "an expression"),
        ("/x/", "/x/", "matches(s, /re/)"),
        ("lower(/x/)", "/x/", "matches(s, /re/)"),
        ("matches(a, \"x\")", "\"", "a regular expression"),
        ("matches(a, /x", "/", "not closed"),
        ("matches(a, /(/)", "(", "a regular expression"),
        ("uper(a)", "uper", "did you mean upper(…)?"),
        ("len(a)", "len", "did you mean length(…)?"),
        ("Lower(a)", "Lower", "did you mean lower(…)?"),
        ("xyzzy(a)", "xyzzy", "no function `xyzzy`"),
        ("abs()", "abs()", "abs takes 1 argument; here are 0; as in abs(x)"),
        ("abs(1, 2)", "abs(1, 2)", "abs takes 1 argument; here are 2"),
        ("1 + round(1, 2, 3)", "round(1, 2, 3)", "1 to 2 arguments"),
        ("case(a)", "case(a)", "2 arguments or more"),
        ("abs(1", "", "an operator, `,` or `)`"),
        ("abs(1,)", ")", "an expression"),
        ("now(1)", "1", "`)`"),
        ("field(a)", "a", "in quotes"),
        ("time(\"noon\")", "\"noon\"", "`noon` cannot be read"),
        ("cidr_match(ip, \"10.0.0.0/33\")", "\"10.0.0.0/33\"", "a net such as"),
        ("format_time(_time, \"%!\")", "\"%!\"", "a format such as"),
        ("5x", "5x", "a number or a duration"),
        ("2MiB + 1", "2MiB", "size(\"2MiB\")"),
        ("1.2.3", "1.2.3", "cannot be read"),
        ("0s", "0s", "cannot be read"),
        ("a , b", ",", "an operator or the end"),
        ("a)", ")", "an operator or the end"),
        ("é", "é", "an expression"),
    ] {
        let (at, says) = refused(text);
        let fits = says.contains(words) && (at == place || at.trim_matches('"') == place);
        assert!(fits, "{text}: at `{at}`: {says}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let nested = |n: usize| "(".repeat(n) + "1" + &")".repeat(n);
    assert!(Expr::parse(&nested(60), &CONTEXT).is_ok());
    assert!(refused(&nested(10_000)).1.contains("deep"));
    assert!(refused(&"-".repeat(10_000)).1.contains("deep"));
    assert!(refused(&"not ".repeat(10_000)).1.contains("deep"));
    assert!(refused(&"abs(".repeat(10_000)).1.contains("deep"));
    assert!(refused(&vec!["a"; 600].join("+")).1.contains("parts"));
    assert!(refused(&format!("max({})", vec!["a"; 2_000].join(","))).1.contains("parts"));
    assert!(refused(&"x".repeat(100_000)).1.contains("limit"));
    let regexes = vec!["matches(a, /x/)"; 65].join(" or ");
    assert!(refused(&regexes).1.contains("64 regular expressions"));
}
