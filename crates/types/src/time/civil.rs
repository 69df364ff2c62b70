//! Days and dates of the proleptic Gregorian calendar, by arithmetic alone.

/// A date and a time of day, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
}

impl Civil {
    /// Seconds since 1970; none when a part is out of its range.
    #[inline]
    pub(super) fn seconds(self) -> Option<i64> {
        let date_fits =
            (1..=12).contains(&self.month) && self.day >= 1 && self.day <= month_days(self.year, self.month);
        if !date_fits || self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let time = self.hour * 3600 + self.minute * 60 + self.second;
        Some(days_from_civil(self.year, self.month, self.day) * 86_400 + i64::from(time))
    }

    /// The date and time `seconds` after 1970.
    pub(super) fn from_seconds(seconds: i64) -> Civil {
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let time = seconds.rem_euclid(86_400) as u32;
        Civil { year, month, day, hour: time / 3600, minute: time / 60 % 60, second: time % 60 }
    }
}

#[inline]
fn month_days(year: i64, month: u32) -> u32 {
    match month {
        2 if year & 3 == 0 && (year % 100 != 0 || year & 15 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, for years within 100,000 of it. Years start in March here, so that the leap day is the last of its year.
#[inline]
pub(super) fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    // Unsigned 32-bit arithmetic is the fast case and covers every year that can be written.
    const YEARS: i64 = 400_000;
    let y = (year + YEARS) as u32 - u32::from(month <= 2);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let century = y / 100;
    i64::from(y * 365 + y / 4 - century + century / 4 + day_of_year) - 719_468 - YEARS / 400 * 146_097
}

/// Inverse of [`days_from_civil`].
pub(super) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u32;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Day of the week, 0 for Sunday.
pub(super) fn weekday(days: i64) -> usize {
    (days + 4).rem_euclid(7) as usize
}
