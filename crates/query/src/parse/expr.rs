//! Expressions: precedence climbing over tokens that the cursor reads.

mod call;
mod token;

use gastrolog_types::Value;

use super::{ParseContext, Parser};
use crate::cursor::Cursor;
use crate::expr::Strength;
use crate::{BinaryOperator, Expr, ParseError};

pub(crate) use token::is_reserved;

/// How deep an expression may nest.
const DEPTH_MAX: usize = 64;

/// Parts of one expression: bounds the depth of the tree, in which `a + a + a` goes down to the left.
const PARTS_MAX: usize = 1000;

const OPERAND: &str = "an expression: a field, a number, \"text\", a function, or `(`";

impl Expr {
    /// Reads an expression, the whole of `text`.
    ///
    /// # Errors
    /// When it cannot be understood: the error says where and what was expected.
    pub fn parse(text: &str, context: &ParseContext) -> Result<Expr, ParseError> {
        if text.len() > super::QUERY_BYTES_MAX {
            let message =
                format!("an expression of {} bytes; {} are the limit", text.len(), super::QUERY_BYTES_MAX);
            return Err(ParseError::new(0..0, message, ""));
        }
        let mut parser = Parser::new(text, context);
        let expr = parser.expr()?;
        match parser.cursor.peek() {
            None => Ok(expr),
            Some(_) => Err(parser.cursor.unexpected("an operator or the end")),
        }
    }
}

impl Parser<'_> {
    /// An expression, which ends before `,`, `|`, `)` or the end; white space behind it is taken.
    pub(crate) fn expr(&mut self) -> Result<Expr, ParseError> {
        let mut reader = Reader { parser: self, depth: 0, parts: 0 };
        let expr = reader.operation(Strength::Or)?;
        match self.cursor.peek() {
            None | Some(',' | '|' | ')') => Ok(expr),
            Some(_) => Err(self.no_operator()),
        }
    }

    fn no_operator(&mut self) -> ParseError {
        let rest = self.cursor.rest();
        let hint = match rest {
            _ if rest.starts_with("&&") => Some("both is written: a and b"),
            _ if rest.starts_with('^') => Some("a power is written: pow(x, 2)"),
            _ if rest.starts_with('~') => Some("a regular expression is tried by matches(path, /re/)"),
            _ if rest.starts_with('!') => Some("the operators are + - * / % = != < <= > >= and or not"),
            _ => None,
        };
        let error = self.cursor.unexpected("an operator such as + = < and or, `,`, or the end");
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// One expression while it is read.
struct Reader<'p, 'a> {
    parser: &'p mut Parser<'a>,
    depth: usize,
    parts: usize,
}

impl<'a> Reader<'_, 'a> {
    fn cursor(&mut self) -> &mut Cursor<'a> {
        &mut self.parser.cursor
    }

    /// Operands with operators between them that bind at least so tightly.
    fn operation(&mut self, least: Strength) -> Result<Expr, ParseError> {
        let mut left = self.operand(least)?;
        let mut compared = false;
        loop {
            self.cursor().skip_space();
            let Some((operator, length)) = token::operator(self.cursor().rest()) else { return Ok(left) };
            let own = operator.strength();
            if own < least {
                return Ok(left);
            }
            let start = self.cursor().at();
            if compared && own == Strength::Comparison {
                let message = "a comparison of a comparison";
                return Err(ParseError::new(start..start + length, message, "`and`, `or` or the end")
                    .hint("between is written: a < b and b < c"));
            }
            compared = own == Strength::Comparison;
            self.cursor().skip(length);
            let right = self.operation(own.tighter())?;
            left = self.part(Expr::Binary(operator, Box::new(left), Box::new(right)), start)?;
        }
    }

    /// Something that an operator may follow, with `not` or `-` before it.
    fn operand(&mut self, least: Strength) -> Result<Expr, ParseError> {
        self.cursor().skip_space();
        let start = self.cursor().at();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("an expression nested more than {DEPTH_MAX} deep");
            return Err(ParseError::new(start..start + 1, message, "a simpler one"));
        }
        let expr = match self.cursor().peek() {
            Some('(') => self.group(),
            Some('"') => self.text().map(|text| Expr::Literal(Value::Text(text.into_bytes()))),
            Some('-') => self.negative(),
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if crate::expr::begins_name(c) => self.named(least),
            _ => Err(self.no_operand()),
        }?;
        self.depth -= 1;
        self.part(expr, start)
    }

    /// Counts the parts of the expression.
    fn part(&mut self, expr: Expr, start: usize) -> Result<Expr, ParseError> {
        self.parts += 1;
        if self.parts <= PARTS_MAX {
            return Ok(expr);
        }
        let message = format!("an expression of more than {PARTS_MAX} parts");
        Err(ParseError::new(start..start + 1, message, "several shorter ones: eval a = …, b = a + …"))
    }

    fn group(&mut self) -> Result<Expr, ParseError> {
        self.cursor().skip(1);
        let inner = self.operation(Strength::Or)?;
        if self.cursor().eat(")") { Ok(inner) } else { Err(self.cursor().unexpected("an operator or `)`")) }
    }

    /// `-5` is a number, `-(5)` and `-x` are not.
    fn negative(&mut self) -> Result<Expr, ParseError> {
        let start = self.cursor().at();
        self.cursor().skip(1);
        let digits = token::number_bytes(self.cursor().rest());
        let text = self.cursor().slice(start..start + 1 + digits);
        if let Some(number) = crate::parse_number(text.as_bytes()) {
            self.cursor().skip(digits);
            return Ok(Expr::Literal(number.to_value()));
        }
        self.operand(Strength::Unary).map(|inner| Expr::Negate(Box::new(inner)))
    }

    /// A name: of a field, of a function, or a word of the language.
    fn named(&mut self, least: Strength) -> Result<Expr, ParseError> {
        let start = self.cursor().at();
        let length = token::name_bytes(self.cursor().rest());
        let name = self.cursor().slice(start..start + length);
        if name.eq_ignore_ascii_case("not") {
            return self.negated(least, length);
        }
        if let Some(value) = token::word_value(name) {
            self.cursor().skip(length);
            return Ok(Expr::Literal(value));
        }
        if is_reserved(name) {
            return Err(self.no_operand());
        }
        self.cursor().skip(length);
        let before = self.cursor().clone();
        self.cursor().skip_space();
        if self.cursor().eat("(") {
            return self.call(name, start);
        }
        *self.cursor() = before;
        self.parser.known(name, start..start + length)?;
        Ok(Expr::Field(name.to_owned()))
    }

    fn negated(&mut self, least: Strength, length: usize) -> Result<Expr, ParseError> {
        let start = self.cursor().at();
        if least > Strength::Not {
            let message = "`not` binds less than the operator before it";
            return Err(ParseError::new(start..start + length, message, "parentheses: (not …)"));
        }
        self.cursor().skip(length);
        self.operation(Strength::Not).map(|inner| Expr::Not(Box::new(inner)))
    }

    fn no_operand(&mut self) -> ParseError {
        let hint = match self.cursor().peek() {
            Some('/') => {
                Some("a regular expression stands only in matches(s, /re/) and replace(s, /re/, \"x\")")
            }
            Some('\'') => Some("text goes in \"double quotes\""),
            Some('!') => Some("not is written: not x"),
            Some('$') => Some("a field goes by its name alone, one with other signs by field(\"name\")"),
            _ => None,
        };
        let error = self.cursor().unexpected(OPERAND);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl BinaryOperator {
    /// Two operators that begin alike: the longer one first.
    const TOKENS: [(&'static str, BinaryOperator); 12] = [
        ("==", BinaryOperator::Equal),
        ("!=", BinaryOperator::NotEqual),
        ("<=", BinaryOperator::LessOrEqual),
        (">=", BinaryOperator::GreaterOrEqual),
        ("=", BinaryOperator::Equal),
        ("<", BinaryOperator::Less),
        (">", BinaryOperator::Greater),
        ("+", BinaryOperator::Add),
        ("-", BinaryOperator::Subtract),
        ("*", BinaryOperator::Multiply),
        ("/", BinaryOperator::Divide),
        ("%", BinaryOperator::Remainder),
    ];
}
