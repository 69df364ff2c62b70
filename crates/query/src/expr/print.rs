//! Expressions as text that parses to the same tree, with no more parentheses than it takes.

use std::fmt::{self, Display, Formatter, Write};

use gastrolog_types::Value;

use super::times::rfc3339;
use crate::parse::{UNITS, is_reserved};
use crate::{BinaryOperator, Expr};

/// How tightly an expression binds; operators of the same strength group to the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Unary,
}

impl Strength {
    /// The next one up.
    pub(crate) fn tighter(self) -> Strength {
        match self {
            Strength::Or => Strength::And,
            Strength::And => Strength::Not,
            Strength::Not => Strength::Comparison,
            Strength::Comparison => Strength::Sum,
            Strength::Sum => Strength::Product,
            Strength::Product | Strength::Unary => Strength::Unary,
        }
    }
}

impl BinaryOperator {
    pub(crate) fn strength(self) -> Strength {
        match self {
            BinaryOperator::Or => Strength::Or,
            BinaryOperator::And => Strength::And,
            BinaryOperator::Add | BinaryOperator::Subtract => Strength::Sum,
            BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => {
                Strength::Product
            }
            _ => Strength::Comparison,
        }
    }
}

impl Display for BinaryOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Remainder => "%",
            BinaryOperator::Equal => "=",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::Less => "<",
            BinaryOperator::LessOrEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterOrEqual => ">=",
            BinaryOperator::And => "and",
            BinaryOperator::Or => "or",
        })
    }
}

/// Trees that no query makes print as the nearest that does: a text that is not UTF-8 with its bad bytes replaced, a
/// number that is not finite as null.
impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Literal(value) => write_literal(value, f),
            Expr::Duration(ns) => write_duration(*ns, f),
            Expr::Field(name) if is_name(name) => f.write_str(name),
            Expr::Field(name) => {
                f.write_str("field(")?;
                write_text(name, f)?;
                f.write_char(')')
            }
            Expr::Negate(inner) => {
                f.write_char('-')?;
                // Without parentheses it would be a literal.
                let number = matches!(**inner, Expr::Literal(Value::Int(0..)))
                    || matches!(**inner, Expr::Literal(Value::Float(x)) if x.is_finite() && x.is_sign_positive());
                write_in(inner, Strength::Unary, number, f)
            }
            Expr::Not(inner) => {
                f.write_str("not ")?;
                write_in(inner, Strength::Not, false, f)
            }
            Expr::Binary(operator, left, right) => {
                let own = operator.strength();
                let chains = own != Strength::Comparison;
                write_in(left, if chains { own } else { own.tighter() }, false, f)?;
                write!(f, " {operator} ")?;
                write_in(right, own.tighter(), false, f)
            }
            Expr::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (i, argument) in arguments.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    argument.fmt(f)?;
                }
                f.write_char(')')
            }
            Expr::Regex(regex) => regex.fmt(f),
        }
    }
}

/// In parentheses if it binds less than `least`, or anyway.
fn write_in(expr: &Expr, least: Strength, anyway: bool, f: &mut Formatter<'_>) -> fmt::Result {
    let own = match expr {
        Expr::Binary(operator, ..) => operator.strength(),
        Expr::Not(_) => Strength::Not,
        _ => Strength::Unary,
    };
    if own < least || anyway { write!(f, "({expr})") } else { expr.fmt(f) }
}

fn write_literal(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Int(i) => i.fmt(f),
        Value::Float(x) if x.is_finite() => write!(f, "{x:?}"),
        Value::Null | Value::Float(_) => f.write_str("null"),
        Value::Time(time) => write!(f, "time(\"{}\")", rfc3339(*time)),
        Value::Text(text) if text == b"true" || text == b"false" => {
            f.write_str(&String::from_utf8_lossy(text))
        }
        Value::Text(text) => write_text(&String::from_utf8_lossy(text), f),
    }
}

fn write_duration(ns: i64, f: &mut Formatter<'_>) -> fmt::Result {
    let (unit, unit_ns) = UNITS.into_iter().find(|(_, unit_ns)| ns % unit_ns == 0).unwrap_or(("ns", 1));
    write!(f, "{}{unit}", ns / unit_ns)
}

fn write_text(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Whether a field may stand by its name alone.
fn is_name(name: &str) -> bool {
    name.starts_with(begins_name) && name.chars().all(in_name) && !is_reserved(name)
}

/// What a name without quotes begins with.
pub(crate) fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@')
}

/// What it goes on with.
pub(crate) fn in_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || matches!(c, '.' | '[' | ']')
}
