//! The model of stages: a plain list of rows, and the simplest code there is for each stage.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, HashMap};

use gastrolog_engine::Value;
use gastrolog_query::{Expr, ParseContext};

use crate::stages::NOW;

/// Names that records have, or may get.
pub(crate) const NAMES: [&str; 8] = ["a", "b", "c", "host", "n0", "n1", "name", "nope"];

/// A row: names and values, the first of a name first. Rows of a table have their columns, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<(String, Value)>);

impl Row {
    fn all(&self, name: &str) -> Vec<Value> {
        self.0.iter().filter(|(n, v)| n == name && *v != Value::Null).map(|(_, v)| v.clone()).collect()
    }

    fn first(&self, name: &str) -> Value {
        self.0.iter().find(|(n, _)| n == name).map_or(Value::Null, |(_, v)| v.clone())
    }

    fn text(&self, name: &str) -> String {
        text(&self.first(name)).unwrap_or_default()
    }

    fn set(&mut self, table: bool, name: &str, values: Vec<Value>) {
        if let (true, Some(cell)) = (table, self.0.iter_mut().find(|(n, _)| n == name)) {
            cell.1 = values[0].clone();
            return;
        }
        self.0.retain(|(n, _)| n != name);
        self.0.extend(values.into_iter().map(|v| (name.to_owned(), v)));
    }
}

pub(crate) fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Time(_) => panic!("no times here"),
    })
}

fn number(text: &str) -> Option<f64> {
    let plain = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Equal for what joins.
fn key(value: &Value) -> Option<String> {
    let text = text(value)?;
    Some(number(&text).map_or(text, |n| format!("number {n}")))
}

/// What is done to the rows, with numbers that choose among the names there are.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Where { name: usize, how: usize, value: &'static str },
    Eval { new: usize, name: usize, how: usize },
    Extract { name: usize },
    Rename { name: usize, new: usize },
    Sort { name: usize, then: usize, down: bool },
    Head(usize),
    Tail(usize),
    Dedup { count: usize, name: usize, other: usize },
    Fields { name: usize, other: usize },
    Stats { by: usize, of: usize },
    Top { of: usize },
    Lookup { name: usize },
    Join { left: bool, name: usize },
}

/// The rows so far and the query that should give them.
pub(crate) struct Model<'l> {
    pub(crate) lines: &'l [Row],
    pub(crate) rows: Vec<Row>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) query: String,
}

impl Model<'_> {
    fn name(&self, choice: usize) -> String {
        match &self.columns {
            Some(columns) => columns[choice % columns.len()].clone(),
            None => NAMES[choice % NAMES.len()].to_owned(),
        }
    }

    fn add_columns(&mut self, names: &[&str]) {
        let Some(columns) = &mut self.columns else { return };
        for name in names {
            if !columns.iter().any(|c| c == name) {
                columns.push((*name).to_owned());
                self.rows.iter_mut().for_each(|row| row.0.push(((*name).to_owned(), Value::Null)));
            }
        }
    }

    /// Names that become columns must differ.
    fn two(&self, one: usize, other: usize) -> Option<(String, String)> {
        let (one, other) = (self.name(one), self.name(other));
        (one != other).then_some((one, other))
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        let table = self.columns.is_some();
        let stage = match *op {
            Op::Where { name, how, value } => {
                let name = self.name(name);
                let equal = |v: &String| v == value || number(v).is_some() && number(v) == number(value);
                let larger = |v: &String| match number(value) {
                    Some(n) => number(v).is_some_and(|v| v > n),
                    None => v.as_str() > value,
                };
                let any = |row: &Row, test: &dyn Fn(&String) -> bool| {
                    row.all(&name).iter().filter_map(text).any(|v| test(&v))
                };
                match how {
                    0 => self.rows.retain(|row| any(row, &equal)),
                    1 => self.rows.retain(|row| any(row, &|v| !equal(v))),
                    2 => self.rows.retain(|row| any(row, &larger)),
                    3 => self.rows.retain(|row| !any(row, &|_| true)),
                    _ => self.rows.retain(|row| any(row, &|v| v.starts_with(value))),
                }
                let after = match how {
                    0 => format!("{name}={value}"),
                    1 => format!("{name}!={value}"),
                    2 => format!("{name}>{value}"),
                    3 => format!("NOT {name}=*"),
                    _ => format!("{name}=\"{value}\"*"),
                };
                format!("where {after}")
            }
            Op::Eval { new, name, how } => {
                let (new, name) = (["n0", "n1"][new % 2], self.name(name));
                let expr =
                    [format!("{name} * 2"), format!("concat({name}, \"-\", a)"), name][how % 3].clone();
                let expr = if table { expr.replace(", a)", ", \"z\")") } else { expr };
                let compiled = Expr::parse(&expr, &ParseContext::utc(NOW)).unwrap();
                self.add_columns(&[new]);
                for row in &mut self.rows {
                    let value = compiled.eval(&|name| row.first(name));
                    row.set(table, new, vec![value]);
                }
                format!("eval {new} = {expr}")
            }
            Op::Extract { name } => {
                let name = self.name(name);
                self.add_columns(&["n0", "n1"]);
                for row in &mut self.rows {
                    if let Some((before, after)) = row.text(&name).split_once('-') {
                        row.set(table, "n0", vec![Value::Text(before.into())]);
                        row.set(table, "n1", vec![Value::Text(after.into())]);
                    }
                }
                format!("extract \"<n0>-<n1>\" from {name}")
            }
            Op::Rename { name, new } => {
                let (name, new) = (self.name(name), NAMES[new % NAMES.len()]);
                if name == new || self.columns.iter().flatten().any(|c| c == new) {
                    return;
                }
                for column in self.columns.iter_mut().flatten().filter(|c| **c == name) {
                    *column = new.to_owned();
                }
                for row in &mut self.rows {
                    let values = row.all(&name);
                    if table {
                        row.0.iter_mut().filter(|(n, _)| *n == name).for_each(|cell| cell.0 = new.to_owned());
                    } else if !values.is_empty() {
                        row.set(false, &name, Vec::new());
                        row.set(false, new, values);
                    }
                }
                format!("rename {name} as {new}")
            }
            Op::Sort { name, then, down } => {
                let (name, then) = (self.name(name), self.name(then));
                self.rows.sort_by(|a, b| {
                    order(&a.first(&name), &b.first(&name), down)
                        .then_with(|| order(&a.first(&then), &b.first(&then), false))
                });
                format!("sort {}{name}, {then}", if down { "-" } else { "" })
            }
            Op::Head(n) => {
                self.rows.truncate(n);
                format!("head {n}")
            }
            Op::Tail(n) => {
                self.rows.drain(..self.rows.len().saturating_sub(n));
                format!("tail {n}")
            }
            Op::Dedup { count, name, other } => {
                let Some((name, other)) = self.two(name, other) else { return };
                let mut seen: HashMap<(String, String), usize> = HashMap::new();
                self.rows.retain(|row| {
                    let times = seen.entry((row.text(&name), row.text(&other))).or_default();
                    *times += 1;
                    *times <= count
                });
                format!("dedup {count} {name}, {other}")
            }
            Op::Fields { name, other } => {
                let Some((name, other)) = self.two(name, other) else { return };
                self.set_table(&[&name, &other], |row| vec![row.first(&name), row.first(&other)]);
                format!("fields {name}, {other}")
            }
            Op::Stats { by, of } => {
                let (by, of) = (self.name(by), self.name(of));
                if ["n", "m", "percent", "count"].contains(&by.as_str()) {
                    return;
                }
                let mut groups: BTreeMap<String, (i64, i64)> = BTreeMap::new();
                for row in &self.rows {
                    let group = groups.entry(row.text(&by)).or_default();
                    group.0 += 1;
                    group.1 += row.all(&of).len() as i64;
                }
                let row = |(key, (n, m)): (String, (i64, i64))| {
                    vec![Value::Text(key.into()), Value::Int(n), Value::Int(m)]
                };
                self.make_table(&[&by, "n", "m"], groups.into_iter().map(row).collect());
                format!("stats count() as n, count({of}) as m by {by}")
            }
            Op::Top { of } => {
                let of = self.name(of);
                if ["percent", "count"].contains(&of.as_str()) {
                    return;
                }
                let mut counts: BTreeMap<String, i64> = BTreeMap::new();
                let with: Vec<String> =
                    self.rows.iter().filter_map(|row| text(row.all(&of).first()?)).collect();
                with.iter().for_each(|value| *counts.entry(value.clone()).or_default() += 1);
                let mut counts: Vec<(String, i64)> = counts.into_iter().collect();
                counts.sort_by_key(|(_, n)| -n);
                counts.truncate(2);
                let percent = |n: i64| (n as f64 * 1e6 / with.len() as f64).round() / 1e4;
                let rows = counts.into_iter().map(|(value, n)| {
                    vec![Value::Text(value.into()), Value::Int(n), Value::Float(percent(n))]
                });
                self.make_table(&[&of, "count", "percent"], rows.collect());
                format!("top 2 {of}")
            }
            Op::Lookup { name } => {
                let name = self.name(name);
                self.add_columns(&["rack", "name"]);
                for row in &mut self.rows {
                    let found = match key(&row.first(&name)).as_deref() {
                        Some("number 1") => (Value::Text(b"one".to_vec()), Value::Text(b"r1".to_vec())),
                        Some("number 2") => (Value::Text(b"two".to_vec()), Value::Null),
                        Some("x") => (Value::Text(b"ex, \"quoted\"".to_vec()), Value::Text(b"r2".to_vec())),
                        _ => continue,
                    };
                    row.set(table, "name", vec![found.0]);
                    row.set(table, "rack", vec![found.1]);
                }
                format!("lookup hosts on key as {name} fields rack, name")
            }
            Op::Join { left, name } => {
                let name = self.name(name);
                let new = format!("j{}", self.query.len());
                let mut other: BTreeMap<String, i64> = BTreeMap::new();
                self.lines.iter().for_each(|row| *other.entry(row.text(&name)).or_default() += 1);
                self.add_columns(&[&new]);
                let mut rows = Vec::new();
                for row in self.rows.drain(..) {
                    let mine = key(&row.first(&name));
                    let partners: Vec<i64> = other
                        .iter()
                        .filter(|(theirs, _)| {
                            mine.is_some() && mine == key(&Value::Text(theirs.as_bytes().into()))
                        })
                        .map(|(_, n)| *n)
                        .collect();
                    if partners.is_empty() && left {
                        rows.push(row.clone());
                    }
                    rows.extend(partners.into_iter().map(|n| {
                        let mut row = row.clone();
                        row.set(table, &new, vec![Value::Int(n)]);
                        row
                    }));
                }
                self.rows = rows;
                let kind = if left { "left " } else { "" };
                format!("join {kind}on {name} (* | stats count() as {new} by {name})")
            }
        };
        self.query.push_str(" | ");
        self.query.push_str(&stage);
    }

    fn set_table(&mut self, columns: &[&str], row: impl Fn(&Row) -> Vec<Value>) {
        let rows = self.rows.iter().map(row).collect();
        self.make_table(columns, rows);
    }

    fn make_table(&mut self, columns: &[&str], rows: Vec<Vec<Value>>) {
        let names = || columns.iter().map(|c| (*c).to_owned());
        self.rows = rows.into_iter().map(|row| Row(names().zip(row).collect())).collect();
        self.columns = Some(names().collect());
    }
}

fn order(a: &Value, b: &Value, down: bool) -> std::cmp::Ordering {
    let rank = |v: &Value| match text(v) {
        None => (2, 0.0, String::new()),
        Some(text) => match number(&text) {
            // Equal numbers that are written otherwise are told apart as texts; numbers that are none have no text.
            Some(n) => (0, n, if matches!(v, Value::Text(_)) { text } else { String::new() }),
            None => (1, 0.0, text),
        },
    };
    let (a, b) = (rank(a), rank(b));
    if a.0 == 2 || b.0 == 2 {
        return a.0.cmp(&b.0);
    }
    let order = a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.cmp(&b.2));
    if down { order.reverse() } else { order }
}
