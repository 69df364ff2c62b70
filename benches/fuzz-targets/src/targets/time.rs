//! Timestamps: whatever layout is detected, text and ticks stand for each other.

use gastrolog_types::{TimeLayout, Timestamp, find_time};

use super::past::NOW;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("time", run, seeds)];

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "2026-11-10T10:00:00.123456789+02:00",
        "2026-11-10 10:00:00,123",
        "10/Oct/2025:13:55:36 +0000",
        "Feb 29 23:59:60",
        "Tue Nov 10 10:00:00 2026",
        "1795000000.25",
        "1795000000000000000",
        "20261110T100000Z",
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

fn run(data: &[u8]) {
    find_time(data, Timestamp(NOW));
    if let Some((layout, end)) = TimeLayout::detect(data) {
        assert!(end <= data.len());
        stands_for(layout, data.get(..end).unwrap_or(&[]));
    }
    if let Some(layout) = TimeLayout::detect_whole(data) {
        stands_for(layout, data);
    }
    // As a file may have it: eight bytes of a layout, eight of ticks.
    let Some((layout, rest)) = data.split_first_chunk::<8>() else { return };
    let Some(layout) = TimeLayout::from_bytes(*layout) else { return };
    assert_eq!(TimeLayout::from_bytes(layout.to_bytes()), Some(layout));
    let ticks = rest.first_chunk::<8>().map_or(0, |t| i64::from_le_bytes(*t));
    let mut text = Vec::new();
    layout.format(ticks, &mut text);
    layout.timestamp(ticks, Timestamp(NOW));
    layout.parse(rest);
}

fn stands_for(layout: TimeLayout, text: &[u8]) {
    let Some(ticks) = layout.parse(text) else { return };
    let mut again = Vec::new();
    layout.format(ticks, &mut again);
    assert_eq!(again, text, "{layout:?}");
    layout.timestamp(ticks, Timestamp(NOW));
}
