//! The formats: how each writes a record.

use std::fmt::Write;

use jiff::tz::TimeZone;

use crate::dice::Dice;
use crate::token::Token;
use crate::words::{AGENTS, CLASSES, FRAMES, HOSTS, LEVELS, MESSAGES, METHODS, PATHS, SERVICES, STATUSES};

/// How a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An object a line, nested.
    Json,
    /// `level=info msg="…"`.
    Logfmt,
    /// `key=value` pairs after a time and a word.
    Kv,
    /// Apache's combined log.
    Apache,
    /// Nginx's error log.
    Nginx,
    /// Syslog, RFC 3164.
    Syslog3164,
    /// Syslog, RFC 5424, with structured data.
    Syslog5424,
    /// Free text after a time.
    Text,
    /// A Java exception with its stack: several lines.
    Java,
    /// A Python traceback: several lines.
    Python,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 10] = [
        Format::Json,
        Format::Logfmt,
        Format::Kv,
        Format::Apache,
        Format::Nginx,
        Format::Syslog3164,
        Format::Syslog5424,
        Format::Text,
        Format::Java,
        Format::Python,
    ];

    /// Its name in configuration and tokens.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Logfmt => "logfmt",
            Format::Kv => "kv",
            Format::Apache => "apache",
            Format::Nginx => "nginx",
            Format::Syslog3164 => "syslog3164",
            Format::Syslog5424 => "syslog5424",
            Format::Text => "text",
            Format::Java => "java",
            Format::Python => "python",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Whether its records are one line each.
    pub fn is_one_line(self) -> bool {
        !matches!(self, Format::Java | Format::Python)
    }
}

/// Appends the record that `token` names to `out`: always the same bytes for the same token.
pub fn write_record(token: &Token, out: &mut String) {
    let dice = &mut Dice::new(token.run, token.number);
    // Writing to a string does not fail.
    let _ = match token.format {
        Format::Json => json(token, dice, out),
        Format::Logfmt => logfmt(token, dice, out),
        Format::Kv => kv(token, dice, out),
        Format::Apache => apache(token, dice, out),
        Format::Nginx => nginx(token, dice, out),
        Format::Syslog3164 => syslog_3164(token, dice, out),
        Format::Syslog5424 => syslog_5424(token, dice, out),
        Format::Text => text(token, dice, out),
        Format::Java => java(token, dice, out),
        Format::Python => python(token, dice, out),
    };
}

/// The time of the record in the layout of its format; UTC.
fn time(token: &Token, layout: &str) -> String {
    let time =
        jiff::Timestamp::from_nanosecond(i128::from(token.time.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime(layout).to_string()
}

const RFC3339_MICROS: &str = "%Y-%m-%dT%H:%M:%S.%6fZ";

fn json(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (level, service, user) = (dice.pick(LEVELS), dice.pick(SERVICES), dice.below(100_000));
    let message = escaped(dice.pick(MESSAGES));
    let (took, retry) = (dice.below(9_000_000), dice.below(2) == 0);
    write!(
        out,
        "{{\"time\":\"{}\",\"level\":\"{level}\",\"service\":\"{service}\",\"user\":{{\"id\":{user},\"beta\":{retry}}},\
         \"took_ms\":{}.{:03},\"tags\":[\"test\",\"{service}\"],\"msg\":\"{message}\",\"id\":\"{token}\"}}",
        time(token, RFC3339_MICROS),
        took / 1000,
        took % 1000,
    )
}

fn logfmt(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (level, service) = (dice.pick(LEVELS), dice.pick(SERVICES));
    let message = escaped(dice.pick(MESSAGES));
    write!(
        out,
        "time={} level={level} service={service} user_id={} took={}ms msg=\"{message}\" id={token}",
        time(token, RFC3339_MICROS),
        dice.below(100_000),
        dice.below(9_000),
    )
}

fn kv(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "{} {}[{}]: id={token}, action={}, src={}, bytes={}, result=\"{}\"",
        time(token, "%Y-%m-%d %H:%M:%S,%3f"),
        dice.pick(SERVICES),
        dice.below(65_536),
        dice.pick(METHODS),
        address(dice),
        dice.below(1 << 30),
        escaped(dice.pick(MESSAGES)),
    )
}

fn apache(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "{} - - [{}] \"{} {}?id={token} HTTP/1.1\" {} {} \"-\" \"{}\"",
        address(dice),
        time(token, "%d/%b/%Y:%H:%M:%S +0000"),
        dice.pick(METHODS),
        dice.pick(PATHS),
        dice.pick(STATUSES),
        dice.below(1 << 20),
        dice.pick(AGENTS),
    )
}

fn nginx(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let thread = dice.below(32);
    write!(
        out,
        "{} [error] {thread}#{thread}: *{} open() \"/srv/www/{token}\" failed (2: No such file or directory), client: {}, \
         server: {}.example.org, request: \"{} {} HTTP/2.0\", host: \"{}\"",
        time(token, "%Y/%m/%d %H:%M:%S"),
        dice.below(1 << 24),
        address(dice),
        dice.pick(SERVICES),
        dice.pick(METHODS),
        dice.pick(PATHS),
        dice.pick(HOSTS),
    )
}

fn syslog_3164(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "<{}>{} {} {}[{}]: {} id={token}",
        dice.below(192),
        time(token, "%b %e %H:%M:%S"),
        dice.pick(HOSTS),
        dice.pick(SERVICES),
        dice.below(65_536),
        dice.pick(MESSAGES),
    )
}

fn syslog_5424(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "<{}>1 {} {} {} {} ID{} [test@32473 id=\"{token}\" quote=\"a\\\"b\\]c\"] {}",
        dice.below(192),
        time(token, RFC3339_MICROS),
        dice.pick(HOSTS),
        dice.pick(SERVICES),
        dice.below(65_536),
        dice.below(100),
        dice.pick(MESSAGES),
    )
}

fn text(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "{} {} worker {} finished job {token} after {} ms: {}",
        time(token, "%Y-%m-%d %H:%M:%S.%3f"),
        dice.pick(LEVELS).to_uppercase(),
        dice.below(64),
        dice.below(60_000),
        dice.pick(MESSAGES),
    )
}

fn java(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "{} ERROR [{}] job {token} failed",
        time(token, "%Y-%m-%d %H:%M:%S,%3f"),
        dice.pick(SERVICES)
    )?;
    write!(out, "{}: {}", dice.pick(CLASSES), dice.pick(MESSAGES))?;
    for _ in 0..=dice.below(6) {
        write!(out, "\n\tat {}", dice.pick(FRAMES))?;
    }
    write!(out, "\nCaused by: {}", dice.pick(CLASSES))?;
    write!(out, "\n\tat {}\n\t... {} more", dice.pick(FRAMES), dice.below(40))
}

fn python(token: &Token, dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{} ERROR job {token} failed", time(token, "%Y-%m-%d %H:%M:%S,%3f"))?;
    write!(out, "Traceback (most recent call last):")?;
    for _ in 0..=dice.below(4) {
        let module = dice.pick(SERVICES);
        write!(out, "\n  File \"/srv/{module}.py\", line {}, in run", dice.below(900))?;
        write!(out, "\n    raise {module}.Error(job)")?;
    }
    write!(out, "\nValueError: {}", dice.pick(MESSAGES))
}

fn address(dice: &mut Dice) -> String {
    // The addresses that are set aside for documents.
    format!("{}.{}", dice.pick(&["192.0.2", "198.51.100", "203.0.113"]), dice.below(256))
}

/// As it stands between quotes in JSON and logfmt.
fn escaped(message: &str) -> String {
    message.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t")
}
