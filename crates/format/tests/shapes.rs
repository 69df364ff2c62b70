//! Shapes come back as they were, and those that would take more memory than they may are refused.

use gastrolog_format::{
    COMPOSITE_NAMES_MAX, Compressor, SHAPES_BYTES_MAX, SHAPES_MAX, Shape, Shapes, Strings,
};

fn read(shapes: &Shapes) -> gastrolog_format::Result<Shapes> {
    let mut bytes = Vec::new();
    shapes.put(&mut Compressor::new(1), &mut bytes);
    Shapes::read(&bytes, 1)
}

/// A shape of one literal.
fn of_text(literal: &[u8]) -> Shape {
    let mut literals = Strings::new();
    literals.push(literal);
    Shape { literals, ..Shape::default() }
}

/// Shapes that take so many bytes before they are compressed.
fn of_bytes(bytes: usize) -> Shapes {
    let literal = vec![b'x'; bytes - 11];
    Shapes { shapes: vec![of_text(&literal)], names: Vec::new() }
}

#[test]
fn shapes_of_as_many_bytes_as_they_may_have() {
    let most = of_bytes(SHAPES_BYTES_MAX);
    assert!(read(&most).unwrap() == most);
    assert!(read(&of_bytes(SHAPES_BYTES_MAX + 1)).is_err());
    assert!(most.shapes[0].bytes_max() >= SHAPES_BYTES_MAX - 11);
}

#[test]
fn as_many_shapes_and_names_of_composites_as_there_may_be() {
    let many =
        |shapes, names| Shapes { shapes: vec![of_text(b""); shapes], names: vec![String::new(); names] };
    assert!(read(&many(SHAPES_MAX, COMPOSITE_NAMES_MAX)).is_ok());
    assert!(read(&many(SHAPES_MAX + 1, 0)).is_err());
    assert!(read(&many(1, COMPOSITE_NAMES_MAX + 1)).is_err());
}
