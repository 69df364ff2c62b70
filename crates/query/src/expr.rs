//! Expressions of `eval`: what they are worth, and which fields they read.
//!
//! **Invariant:** evaluation is total and pure: any tree on any values gives a value, in bounded memory, and the same
//! one each time.

mod call;
mod capped;
mod formats;
mod json;
mod net;
mod numbers;
mod operators;
mod print;
mod read;
mod replace;
pub(crate) mod table;
mod texts;
mod times;

use gastrolog_types::Value;

use crate::Expr;

pub(crate) use net::Net;
pub(crate) use print::{Strength, begins_name, in_name};
pub(crate) use times::{check_format, time_of_text};

/// Where the values of fields come from.
type Fields<'a> = &'a dyn Fn(&str) -> Value;

impl Expr {
    /// The value for a row whose fields `field` looks up; it gives null for those that are lacking. Texts longer than
    /// 1 MiB are cut.
    pub fn eval(&self, field: &dyn Fn(&str) -> Value) -> Value {
        match self {
            Expr::Literal(value) => read::usual(value.clone()),
            Expr::Duration(ns) => times::seconds(i128::from(*ns)),
            Expr::Field(name) => read::usual(field(name)),
            Expr::Negate(inner) => numbers::negated(&inner.eval(field)),
            Expr::Not(inner) => operators::not(&inner.eval(field)),
            Expr::Binary(operator, left, right) => operators::binary(*operator, left, right, field),
            Expr::Call(function, arguments) => call::call(*function, arguments, field),
            // Only the functions that take one look at it.
            Expr::Regex(_) => Value::Null,
        }
    }

    /// Calls `visit` with the name of each field that the expression reads, each time it does.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Expr::Literal(_) | Expr::Duration(_) | Expr::Regex(_) => {}
            Expr::Field(name) => visit(name),
            Expr::Negate(inner) | Expr::Not(inner) => inner.for_each_field(visit),
            Expr::Binary(_, left, right) => {
                left.for_each_field(visit);
                right.for_each_field(visit);
            }
            Expr::Call(_, arguments) => arguments.iter().for_each(|a| a.for_each_field(visit)),
        }
    }
}
