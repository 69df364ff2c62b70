//! Tidiness is a test: layers, manifests, first lines, lengths of files, the top level, links. It reads the project's files and
//! nothing else, and lives in this crate because this crate depends on no other.

#[cfg(test)]
mod files;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod links;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod tree;
