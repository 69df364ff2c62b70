//! Turns the protobuf definition into Rust, without protoc: protox reads it, connectrpc-build writes messages,
//! service traits and clients.

use std::error::Error;
use std::path::PathBuf;

use protox::prost::Message;

const PROTO: &str = "gastrolog/v1/gastrolog.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/{PROTO}");
    println!("cargo:rerun-if-changed=build.rs");
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    let descriptors = out_dir.join("descriptors.bin");
    let set = protox::Compiler::new(["proto"])?
        .include_source_info(true)
        .include_imports(true)
        .open_file(PROTO)?
        .file_descriptor_set();
    std::fs::write(&descriptors, set.encode_to_vec())?;
    connectrpc_build::Config::new()
        .descriptor_set(&descriptors)
        .files(&[PROTO])
        .include_file("gastrolog_api.rs")
        // They would name the descriptors, which each run writes anew: every call of cargo would build this crate again.
        .emit_rerun_directives(false)
        .compile()?;
    Ok(())
}
