//! The stage that computes fields: `eval a = …, b = …`.

use super::Parser;
use crate::cursor::Place;
use crate::{Assignment, ParseError, Stage};

impl Parser<'_> {
    pub(super) fn eval(&mut self) -> Result<Stage, ParseError> {
        let mut assignments = Vec::new();
        loop {
            let name =
                self.name_in(Place::Text, "a name for the result, as in eval seconds = duration_ms / 1000")?;
            self.cursor.skip_space();
            if !self.cursor.eat("=") {
                return Err(self.cursor.unexpected("`=` and an expression"));
            }
            let expr = self.expr()?;
            // The next expression may use it.
            if let Some(columns) = &mut self.columns
                && !columns.contains(&name)
            {
                columns.push(name.clone());
            }
            assignments.push(Assignment { name, expr });
            if !self.comma() {
                break;
            }
        }
        self.end_of_stage("an operator, `,` or `|`")?;
        Ok(Stage::Eval(assignments))
    }
}
