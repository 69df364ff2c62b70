//! Smallest and largest values.

use std::cmp::Ordering;

use gastrolog_query::{Number, parse_number};

use crate::Value;

/// The smallest or largest of some values: as numbers if every value is one, else as bytes.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    largest: bool,
    number: Option<Number>,
    text: Option<Vec<u8>>,
    all_numbers: bool,
}

impl Extreme {
    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Extreme>() + self.text.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn new(largest: bool) -> Extreme {
        Extreme { largest, number: None, text: None, all_numbers: true }
    }

    fn beats(&self, order: Ordering) -> bool {
        if self.largest { order.is_gt() } else { order.is_lt() }
    }

    pub(crate) fn add(&mut self, value: &[u8]) {
        match parse_number(value) {
            Some(number) => self.take_number(number),
            None => self.all_numbers = false,
        }
        if self.text.as_deref().is_none_or(|best| self.beats(value.cmp(best))) {
            self.text = Some(value.to_vec());
        }
    }

    fn take_number(&mut self, number: Number) {
        let better = self.number.is_none_or(|best| {
            let order = number.compare(best);
            // Of two ways to write a number that of integers is taken, whichever came first.
            self.beats(order) || (order.is_eq() && !matches!(number, Number::Float(_)))
        });
        if better {
            self.number = Some(number);
        }
    }

    pub(crate) fn merge(&mut self, other: Extreme) {
        self.all_numbers &= other.all_numbers;
        other.number.into_iter().for_each(|number| self.take_number(number));
        if let Some(text) = other.text
            && self.text.as_ref().is_none_or(|best| self.beats(text.cmp(best)))
        {
            self.text = Some(text);
        }
    }

    pub(crate) fn value(self) -> Value {
        match self.number {
            Some(number) if self.all_numbers => number.to_value(),
            _ => self.text.map_or(Value::Null, Value::Text),
        }
    }
}
