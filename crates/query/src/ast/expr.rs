//! Expressions of `eval`.

use gastrolog_types::Value;

use crate::Regex;

/// An expression over the fields of one row. Whatever cannot be computed (a text where a number is needed, a
/// division by zero, a field that is lacking) is null, and so is what is computed from it, except by `coalesce`,
/// `if`, `case` and `is_null`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number, a text, a time, or null. Truth is the text `true` or `false`.
    Literal(Value),
    /// A duration such as `5m`, in nanoseconds, more than none of them. It is worth a number of seconds.
    Duration(i64),
    /// The value of a field or column.
    Field(String),
    /// `-x`. What is `-5` in a query is a literal.
    Negate(Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// Two operands.
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// A function and its arguments.
    Call(ExprFunction, Vec<Expr>),
    /// A regular expression, only as the second argument of `matches` and `replace`.
    Regex(Regex),
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`: numbers; a time and seconds.
    Add,
    /// `-`: numbers; a time and seconds; two times, which gives seconds.
    Subtract,
    /// `*`
    Multiply,
    /// `/`: an integer if both sides are and it comes out even.
    Divide,
    /// `%`: the remainder, with the sign of the left side.
    Remainder,
    /// `=` or `==`: as numbers if both sides are numbers or read as such, as times if one is a time, else as bytes.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `and`: false if one side is, whatever the other.
    And,
    /// `or`: true if one side is, whatever the other.
    Or,
}

/// Functions of expressions. Where one of the arguments is null the result is, but for the first four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExprFunction {
    /// `coalesce(a, b, …)`: the first that is not null.
    Coalesce,
    /// `if(condition, then, else)`: `else` also where the condition is null; null without one.
    If,
    /// `case(condition, value, condition, value, …, else)`: the value behind the first condition that is true.
    Case,
    /// `is_null(x)`
    IsNull,
    /// `abs(x)`
    Abs,
    /// `ceil(x)`: rounded up.
    Ceil,
    /// `floor(x)`: rounded down.
    Floor,
    /// `round(x)`, `round(x, digits)`: half away from zero; negative digits are those before the point.
    Round,
    /// `sqrt(x)`
    Sqrt,
    /// `pow(x, y)`: x to the power of y.
    Pow,
    /// `exp(x)`
    Exp,
    /// `ln(x)`
    Ln,
    /// `log10(x)`
    Log10,
    /// `log2(x)`
    Log2,
    /// `min(a, b, …)`: the smallest, by the rules of `<`.
    Min,
    /// `max(a, b, …)`: the largest.
    Max,
    /// `int(x)`: without its fraction.
    Int,
    /// `number(x)`: a text as the number it says.
    Number,
    /// `lower(s)`
    Lower,
    /// `upper(s)`
    Upper,
    /// `trim(s)`: without white space at both ends.
    Trim,
    /// `length(s)`: characters; a byte that is not UTF-8 counts as one.
    Length,
    /// `substring(s, start)`, `substring(s, start, length)`: in characters; the first is 0, a negative start counts
    /// from the end.
    Substring,
    /// `replace(s, "a", "b")`: every `a`. `replace(s, /re/, "x$1")`: every match; `$1`, `${name}` are its groups, `$$`
    /// is a `$`.
    Replace,
    /// `matches(s, /re/)`: whether there is a match anywhere.
    Matches,
    /// `contains(s, "part")`
    Contains,
    /// `starts_with(s, "start")`
    StartsWith,
    /// `ends_with(s, "end")`
    EndsWith,
    /// `concat(a, b, …)`
    Concat,
    /// `split(s, separator, i)`: one of the parts; the first is 0, the last is -1.
    Split,
    /// `text(x)`: as text, times by RFC 3339.
    Text,
    /// `time(x)`: a text in any layout of times, without a zone in UTC, or Unix seconds, milli-, micro- or nanoseconds, told
    /// apart by size.
    Time,
    /// `unix(t)`: seconds since 1970.
    Unix,
    /// `bin(t, 5m)`, `bin(x, 100)`: rounded down to a multiple.
    Bin,
    /// `year(t)`; this and the next ones in UTC.
    Year,
    /// `month(t)`: 1 to 12.
    Month,
    /// `day(t)`: of the month.
    Day,
    /// `hour(t)`
    Hour,
    /// `minute(t)`
    Minute,
    /// `second(t)`
    Second,
    /// `weekday(t)`: 1 for Monday to 7 for Sunday.
    Weekday,
    /// `format_time(t, "%Y-%m-%d %H:%M")`: by the conversions of `strftime`, in UTC.
    FormatTime,
    /// `duration("1.5s")`: seconds.
    Duration,
    /// `size("2MiB")`: bytes.
    Size,
    /// `cidr_match(ip, "10.0.0.0/8")`: whether the address is in the net.
    CidrMatch,
    /// `url_decode(s)`: `%2F` as `/`; a `+` stays.
    UrlDecode,
    /// `json_get(s, "a.b[0]")`: a value out of a text that is JSON; objects and arrays as their text.
    JsonGet,
    /// `hash(x)`: an integer from 0 to 2^63-1 that depends on the text of `x` alone, in this and in later versions.
    Hash,
}
