//! Changed bytes give errors or other values; nothing panics, loops or takes memory without bound.

use gastrolog_format::filter::FilterHead;
use gastrolog_format::row_group::{Header, PREFIX_BYTES, Section};
use gastrolog_format::{Compressor, Footer, FooterBudget, Shapes};
use gastrolog_index::Caps;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{batches, encode, given, pipeline};
use crate::splice::Decoded;

/// Reads whatever can be read; every section by itself, so that an error in one does not hide another.
fn read_all(bytes: &[u8]) {
    let Ok((header, _)) = Header::read(bytes) else { return };
    let Ok(offset) = Header::body_offset(bytes) else { return };
    let body = bytes.get(offset..).unwrap_or(&[]);
    for i in 0..header.columns.len() {
        if let Ok(column) = header.column(body, i) {
            let mut out = Vec::new();
            (0..=column.len().min(500)).for_each(|row| column.write(row, &mut out));
        }
    }
    let shapes = header.shapes(body).map_or(1, |s| s.shapes.len());
    let _ = header.shape_ids(body, shapes);
    let _ = (header.ingest(body), header.source(body));
    if let Ok(bytes) = header.filter_bytes(body)
        && let Ok(Some(filter)) = FilterHead::read(bytes)
    {
        let _ = (filter.may_contain(bytes, 42), filter.verify(bytes));
    }
    if let Ok(decoded) = Decoded::read(bytes) {
        let fits = decoded.columns_suffice();
        if fits {
            decoded.records();
        }
    }
}

/// Makes all checksums right again, as far as the lengths allow.
fn patch(bytes: &mut [u8], sections: &[Section], crc_places: &[usize]) {
    let Ok(offset) = Header::body_offset(bytes) else { return };
    for (s, &place) in sections.iter().zip(crc_places) {
        let start = offset + s.offset as usize;
        if let Some(section) = bytes.get(start..start + s.len as usize) {
            let crc = crc32fast::hash(section).to_le_bytes();
            if let Some(old) = bytes.get_mut(place..place + 4) {
                old.copy_from_slice(&crc);
            }
        }
    }
    patch_header(bytes);
}

fn patch_header(bytes: &mut [u8]) {
    let Ok(offset) = Header::body_offset(bytes) else { return };
    let Some(head) = bytes.get(PREFIX_BYTES..offset) else { return };
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[4..16]);
    crc.update(head);
    let crc = crc.finalize().to_le_bytes();
    bytes[16..20].copy_from_slice(&crc);
}

/// Where in the header the checksum of each section stands: found by its bytes.
fn crc_places(bytes: &[u8], sections: &[Section]) -> Vec<usize> {
    let offset = Header::body_offset(bytes).unwrap();
    let mut from = PREFIX_BYTES;
    let place = |s: &Section| {
        let at = bytes[from..offset].windows(4).position(|w| w == s.crc.to_le_bytes()).unwrap();
        from += at + 4;
        from - 4
    };
    sections.iter().map(place).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn a_changed_row_group_never_panics(given in given(), changes in prop::collection::vec((any::<Index>(), any::<u8>()), 30)) {
        let pipeline = pipeline();
        let good = encode(&pipeline, &batches(&given, 50), u64::MAX, Caps::default());
        let sections: Vec<Section> = good.header.sections().map(|(_, s)| s).collect();
        let places = crc_places(&good.bytes, &sections);
        let header_bytes = Header::body_offset(&good.bytes).unwrap();
        for (i, (at, byte)) in changes.into_iter().enumerate() {
            let mut bytes = good.bytes.clone();
            // Every third change hits the header, which is small beside the body.
            let at = if i % 3 == 0 { at.index(header_bytes) } else { at.index(bytes.len()) };
            bytes[at] = if i % 2 == 0 { byte } else { bytes[at] ^ (1 << (byte % 8)) };
            if bytes != good.bytes {
                prop_assert!(i % 3 != 0 || Header::read(&bytes).is_err(), "a changed header is found");
            }
            read_all(&bytes);
            if at < header_bytes {
                patch_header(&mut bytes);
            } else {
                patch(&mut bytes, &sections, &places);
            }
            read_all(&bytes);
        }
    }

    #[test]
    fn a_changed_footer_never_panics(given in given(), at in any::<Index>(), byte in any::<u8>()) {
        let pipeline = pipeline();
        let encoded = encode(&pipeline, &batches(&given, 50), u64::MAX, Caps::default());
        let decoded = Decoded::read(&encoded.bytes).unwrap();
        let mut footer = Footer::new();
        footer.add(&encoded, &decoded.shapes, 0, FooterBudget::default());
        let mut file = vec![0; encoded.bytes.len()];
        let start = file.len();
        // Without compression the change reaches the decoder of the footer and not only that of zstd.
        footer.put(&mut Compressor::new(1), &mut file);
        let end = file.len() - 16;
        let at = start + at.index(end - start);
        file[at] = byte;
        let unchecked = Footer::read(&file);
        let crc = crc32fast::hash(&file[start..end]).to_le_bytes();
        file[end + 4..end + 8].copy_from_slice(&crc);
        let _ = (unchecked, Footer::read(&file));
    }

    #[test]
    fn hostile_shapes_never_panic(bytes in prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..200), columns in 0usize..6) {
        let mut stream = vec![0, bytes.len() as u8 | 0x80, (bytes.len() >> 7) as u8];
        stream.extend_from_slice(&bytes);
        if let Ok(shapes) = Shapes::read(&stream, columns) {
            for shape in &shapes.shapes {
                prop_assert!(shape.slots.iter().chain(&shape.attributes).all(|&c| (c as usize) < columns));
                prop_assert_eq!(shape.literals.len(), shape.slots.len() + 1);
                prop_assert!(shape.composites.iter().all(|c| (c.name as usize) < shapes.names.len()));
            }
        }
    }
}
