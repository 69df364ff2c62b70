//! The functions by name, and how many arguments each takes.

use crate::ExprFunction;

/// One function.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) function: ExprFunction,
    /// The least number of arguments.
    pub(crate) least: usize,
    /// The largest; none where there is no limit.
    pub(crate) most: Option<usize>,
    /// How a call looks.
    pub(crate) example: &'static str,
}

const fn of(
    function: ExprFunction,
    name: &'static str,
    least: usize,
    most: usize,
    example: &'static str,
) -> Signature {
    Signature { name, function, least, most: if most == ANY { None } else { Some(most) }, example }
}

const ANY: usize = usize::MAX;

use ExprFunction as F;

pub(crate) const FUNCTIONS: [Signature; 48] = [
    of(F::Coalesce, "coalesce", 1, ANY, "coalesce(a, b)"),
    of(F::If, "if", 2, 3, "if(status >= 500, \"bad\", \"good\")"),
    of(F::Case, "case", 2, ANY, "case(a > 9, \"big\", a > 5, \"medium\", \"small\")"),
    of(F::IsNull, "is_null", 1, 1, "is_null(user)"),
    of(F::Abs, "abs", 1, 1, "abs(x)"),
    of(F::Ceil, "ceil", 1, 1, "ceil(x)"),
    of(F::Floor, "floor", 1, 1, "floor(x)"),
    of(F::Round, "round", 1, 2, "round(x, 2)"),
    of(F::Sqrt, "sqrt", 1, 1, "sqrt(x)"),
    of(F::Pow, "pow", 2, 2, "pow(x, 2)"),
    of(F::Exp, "exp", 1, 1, "exp(x)"),
    of(F::Ln, "ln", 1, 1, "ln(x)"),
    of(F::Log10, "log10", 1, 1, "log10(x)"),
    of(F::Log2, "log2", 1, 1, "log2(x)"),
    of(F::Min, "min", 1, ANY, "min(a, b)"),
    of(F::Max, "max", 1, ANY, "max(a, b)"),
    of(F::Int, "int", 1, 1, "int(x)"),
    of(F::Number, "number", 1, 1, "number(x)"),
    of(F::Lower, "lower", 1, 1, "lower(method)"),
    of(F::Upper, "upper", 1, 1, "upper(method)"),
    of(F::Trim, "trim", 1, 1, "trim(name)"),
    of(F::Length, "length", 1, 1, "length(path)"),
    of(F::Substring, "substring", 2, 3, "substring(path, 0, 4)"),
    of(F::Replace, "replace", 3, 3, "replace(path, /[0-9]+/, \"N\")"),
    of(F::Matches, "matches", 2, 2, "matches(path, /^\\/api/)"),
    of(F::Contains, "contains", 2, 2, "contains(path, \"api\")"),
    of(F::StartsWith, "starts_with", 2, 2, "starts_with(path, \"/api\")"),
    of(F::EndsWith, "ends_with", 2, 2, "ends_with(path, \".html\")"),
    of(F::Concat, "concat", 1, ANY, "concat(host, \":\", port)"),
    of(F::Split, "split", 3, 3, "split(path, \"/\", 1)"),
    of(F::Text, "text", 1, 1, "text(x)"),
    of(F::Time, "time", 1, 1, "time(started)"),
    of(F::Unix, "unix", 1, 1, "unix(_time)"),
    of(F::Bin, "bin", 2, 2, "bin(_time, 5m)"),
    of(F::Year, "year", 1, 1, "year(_time)"),
    of(F::Month, "month", 1, 1, "month(_time)"),
    of(F::Day, "day", 1, 1, "day(_time)"),
    of(F::Hour, "hour", 1, 1, "hour(_time)"),
    of(F::Minute, "minute", 1, 1, "minute(_time)"),
    of(F::Second, "second", 1, 1, "second(_time)"),
    of(F::Weekday, "weekday", 1, 1, "weekday(_time)"),
    of(F::FormatTime, "format_time", 2, 2, "format_time(_time, \"%Y-%m-%d\")"),
    of(F::Duration, "duration", 1, 1, "duration(took)"),
    of(F::Size, "size", 1, 1, "size(\"2MiB\")"),
    of(F::CidrMatch, "cidr_match", 2, 2, "cidr_match(ip, \"10.0.0.0/8\")"),
    of(F::UrlDecode, "url_decode", 1, 1, "url_decode(path)"),
    of(F::JsonGet, "json_get", 2, 2, "json_get(body, \"user.tags[0]\")"),
    of(F::Hash, "hash", 1, 1, "hash(user)"),
];

/// What `now` and `field` are, which are no functions of the tree.
const SPECIAL: [&str; 2] = ["now", "field"];

/// Names from elsewhere, and ours.
const SYNONYMS: [(&str, &str); 22] = [
    ("upcase", "upper"),
    ("to_upper", "upper"),
    ("downcase", "lower"),
    ("to_lower", "lower"),
    ("len", "length"),
    ("strlen", "length"),
    ("substr", "substring"),
    ("slice", "substring"),
    ("strip", "trim"),
    ("strip_whitespace", "trim"),
    ("strftime", "format_time"),
    ("format_timestamp", "format_time"),
    ("strptime", "time"),
    ("to_timestamp", "time"),
    ("tonumber", "number"),
    ("to_number", "number"),
    ("to_int", "int"),
    ("tostring", "text"),
    ("to_string", "text"),
    ("cidrmatch", "cidr_match"),
    ("urldecode", "url_decode"),
    ("match", "matches"),
];

pub(crate) fn named(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|s| s.name == name)
}

impl ExprFunction {
    /// Its name in a query.
    pub fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|s| s.function == self).map_or("", |s| s.name)
    }
}

/// The function that was probably meant.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours);
    synonym.or_else(|| {
        crate::nearest::nearest(&lower, SPECIAL.into_iter().chain(FUNCTIONS.iter().map(|s| s.name)))
    })
}

impl Signature {
    /// How many arguments it takes, in words.
    pub(crate) fn takes(&self) -> String {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        match (self.least, self.most) {
            (least, None) => format!("{least} argument{} or more", plural(least)),
            (least, Some(most)) if least == most => format!("{most} argument{}", plural(most)),
            (least, Some(most)) => format!("{least} to {most} arguments"),
        }
    }
}
