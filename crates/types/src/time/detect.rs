//! Finds out which layout a text is written in.

use super::TimeLayout;
use super::form::{Form, month_number};
use super::zone::Zone;
use crate::words::is_word_byte;

/// The shortest timestamp there is: `081109 203615`.
const BYTES_MIN: usize = 13;

impl TimeLayout {
    /// The layout of a timestamp at the start of `text`, and how many bytes it takes. It ends at a word border.
    pub fn detect(text: &[u8]) -> Option<(TimeLayout, usize)> {
        let form = form_of(text)?;
        let shape = form.shape();
        let mut at = shape.head_bytes();
        let (mark, digits) = fraction(text.get(at..)?);
        if digits > 0 {
            at += 1 + usize::from(digits);
        }
        at += shape.tail_bytes();
        let zone = if shape.zoned { Zone::detect(text.get(at..)?) } else { Zone::NONE };
        at += zone.bytes();
        if text.get(at).is_some_and(|&b| is_word_byte(b)) {
            return None;
        }
        let layout = TimeLayout { form, mark, digits, zone };
        layout.parse(text.get(..at)?)?;
        Some((layout, at))
    }

    /// The layout of `text`, when the whole of it is a timestamp.
    pub fn detect_whole(text: &[u8]) -> Option<TimeLayout> {
        let (layout, bytes) = Self::detect(text)?;
        (bytes == text.len()).then_some(layout)
    }
}

/// The form that `text` could start with, by the bytes between its fields; the rest is yet to be checked.
#[inline]
fn form_of(text: &[u8]) -> Option<Form> {
    let first = *text.first()?;
    if text.len() < BYTES_MIN {
        return None;
    }
    if first.is_ascii_digit() {
        return numeric_form(text);
    }
    // Months and days of the week start with one of A D F J M N O S T W.
    if !matches!(first, b'A'..=b'W') || text[3] != b' ' {
        return None;
    }
    let (day_at, spaced, zeroed) = if month_number(text, 0).is_some() {
        (4, Form::Bsd, Form::BsdZero)
    } else {
        (8, Form::Ctime, Form::CtimeZero)
    };
    Some(if text[day_at] == b'0' { zeroed } else { spaced })
}

#[inline]
fn numeric_form(text: &[u8]) -> Option<Form> {
    match (text[2], text[4], text[6], text[8]) {
        (b'/', ..) if text[3].is_ascii_digit() => Some(Form::Spark),
        (b'/', ..) => Some(Form::Clf),
        (b'-', ..) => Some(Form::Android),
        (_, b'-', ..) => match text[10] {
            b'T' => Some(Form::IsoT),
            b' ' => Some(Form::IsoSpace),
            b'-' => Some(Form::Bgl),
            _ => None,
        },
        (_, b'/', ..) => Some(Form::Slash),
        (_, _, b' ', _) => Some(Form::Hdfs),
        (_, _, _, b'T') => Some(Form::Basic),
        (_, _, _, b'-') => Some(Form::HealthApp),
        _ => None,
    }
}

/// Mark and number of digits of a fraction at the start of `text`; zeros when there is none.
///
/// After a comma or a colon only 3, 6 or 9 digits are taken: `18:01:47,5` is more likely the next cell of a table.
fn fraction(text: &[u8]) -> (u8, u8) {
    let Some(&mark @ (b'.' | b',' | b':')) = text.first() else { return (0, 0) };
    let digits = text[1..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    let fits = if mark == b'.' { (1..=9).contains(&digits) } else { matches!(digits, 3 | 6 | 9) };
    if fits { (mark, digits as u8) } else { (0, 0) }
}
