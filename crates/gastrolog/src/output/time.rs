//! Times for people and for programs.

use gastrolog_types::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::ZoneArgs;

/// Writes times in one zone.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    zone: TimeZone,
}

impl Times {
    /// In UTC.
    pub(crate) fn utc() -> Times {
        Times { zone: TimeZone::UTC }
    }

    /// In the zone that the arguments ask for.
    pub(crate) fn new(args: &ZoneArgs) -> Times {
        let system = || if args.utc { TimeZone::UTC } else { TimeZone::system() };
        Times { zone: args.tz.clone().unwrap_or_else(system) }
    }

    /// The name of the zone as a request has it: an IANA name, else how far it is from UTC now.
    pub(crate) fn zone_name(&self) -> String {
        match self.zone.iana_name() {
            Some(name) => name.to_owned(),
            None => self.zone.to_offset(jiff::Timestamp::now()).to_string(),
        }
    }

    /// For people, to the millisecond; empty where the time is not known.
    pub(crate) fn readable(&self, t: Timestamp) -> String {
        match instant(t) {
            Some(i) => i.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            None => String::new(),
        }
    }

    /// RFC 3339 in UTC with the digits it has; empty where the time is not known.
    pub(crate) fn rfc3339(&self, t: Timestamp) -> String {
        instant(t).map(|i| i.to_string()).unwrap_or_default()
    }
}

fn instant(t: Timestamp) -> Option<jiff::Timestamp> {
    if !t.is_some() {
        return None;
    }
    jiff::Timestamp::from_nanosecond(i128::from(t.0)).ok()
}
