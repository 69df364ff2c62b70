//! Expressions of `eval`.

use gastrolog_types::Value;

use crate::Regex;

/// An expression over the fields of one row. Whatever cannot be computed (a text where a number is needed, a
/// division by zero, a field that is lacking) is null, and so is what is computed from it, except by `coalesce`,
/// `if`, `case` and `is_null`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number, a text, or null.
    Literal(Value),
    /// A duration such as `5m`: a number of seconds.
    Duration(i64),
    /// The value of a field or column.
    Field(String),
    /// `-x`.
    Negate(Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// Two operands.
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// A function and its arguments.
    Call(ExprFunction, Vec<Expr>),
    /// A regular expression, only as an argument.
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
    /// `=` or `==`
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
    /// `and`
    And,
    /// `or`
    Or,
}

/// Functions of expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExprFunction {
    /// `coalesce(a, b, …)`: the first that is not null.
    Coalesce,
    /// `if(condition, then, else)`
    If,
}
