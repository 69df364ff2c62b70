//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

use gastrolog_types::HistogramCounts;

/// The media type of the page.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Of which kind a metric is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Only grows, from the start of the process.
    Counter,
    /// Grows and shrinks.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

/// A page that is being written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

/// Labels of a sample: names and values.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// The samples of one metric.
pub(super) struct Samples<'a> {
    page: &'a mut Page,
    name: &'static str,
}

impl Page {
    /// Begins a metric. It is announced even where no sample follows.
    pub(super) fn metric(&mut self, name: &'static str, kind: Kind, help: &str) -> Samples<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail, here and below.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Samples { page: self, name }
    }

    /// The whole of it.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: Labels<'_>, value: impl Display) {
        let _ = write!(self.text, "{name}{suffix}");
        for (i, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{}\"", if i == 0 { '{' } else { ',' }, escaped(text));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{end} {value}");
    }
}

impl Samples<'_> {
    /// A value.
    pub(super) fn value(&mut self, labels: Labels<'_>, value: impl Display) {
        self.page.sample(self.name, "", labels, value);
    }

    /// Durations, in seconds.
    pub(super) fn histogram(&mut self, labels: Labels<'_>, counts: &HistogramCounts) {
        let bucket = |page: &mut Page, end: &str, count: u64| {
            page.sample(self.name, "_bucket", &[labels, &[("le", end)]].concat(), count);
        };
        for (end_ns, count) in counts.up_to() {
            bucket(self.page, &seconds(end_ns).to_string(), count);
        }
        bucket(self.page, "+Inf", counts.count());
        self.page.sample(self.name, "_sum", labels, seconds(counts.sum_ns));
        self.page.sample(self.name, "_count", labels, counts.count());
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use gastrolog_types::Histogram;

    use super::*;

    #[test]
    fn is_what_prometheus_reads() {
        let mut page = Page::default();
        page.metric("a_total", Kind::Counter, "A.").value(&[("x", "q\"b\\s\nl")], 3);
        let histogram = Histogram::default();
        [200_000, 90_000_000_000].into_iter().for_each(|ns| histogram.note_ns(ns));
        page.metric("b_seconds", Kind::Histogram, "B.").histogram(&[], &histogram.read());
        let text = page.finish();
        assert!(
            text.starts_with("# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"q\\\"b\\\\s\\nl\"} 3\n")
        );
        assert!(
            text.contains("b_seconds_bucket{le=\"0.0001\"} 0\nb_seconds_bucket{le=\"0.00025\"} 1\n"),
            "{text}"
        );
        assert!(
            text.ends_with("b_seconds_bucket{le=\"+Inf\"} 2\nb_seconds_sum 90.0002\nb_seconds_count 2\n")
        );
    }
}
