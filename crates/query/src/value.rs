//! Values as numbers: parsing and comparing.
