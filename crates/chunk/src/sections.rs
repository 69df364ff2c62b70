//! Every section of a row group, verified and taken apart as a reader does before it comes to single values.

use std::fmt::Display;

use gastrolog_format::filter::FilterHead;
use gastrolog_format::row_group::Header;
use gastrolog_format::{Body, Fallible};

/// What is wrong with the sections of the row group with this header and body: where, and why it cannot be read.
pub fn faults_of_sections<B>(header: &Header, body: &B) -> Vec<(String, String)>
where
    B: Body<Error: Display> + ?Sized,
{
    let mut faults = Vec::new();
    let mut look = |place: &dyn Fn() -> String, read: Fallible<(), B>| {
        faults.extend(read.err().map(|e| (place(), e.to_string())));
    };
    for (i, meta) in header.columns.iter().enumerate() {
        look(&|| format!("column {:?}", meta.key.name), header.column(body, i).map(drop));
    }
    let shapes = header.shapes(body).and_then(|s| header.shape_ids(body, s.shapes.len()));
    look(&|| "shapes".to_owned(), shapes.map(drop));
    look(&|| "times".to_owned(), header.ingest(body).and_then(|_| header.source(body)).map(drop));
    look(&|| "filter".to_owned(), filter(header, body));
    faults
}

fn filter<B: Body + ?Sized>(header: &Header, body: &B) -> Fallible<(), B> {
    let bytes = header.section(body, header.filter)?;
    Ok(FilterHead::read(&*bytes).and_then(|filter| filter.map_or(Ok(()), |f| f.verify(&*bytes)))?)
}
