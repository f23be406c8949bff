//! Prepares the files of `static/` at build time, so that a server need not compress them at start.

#[path = "src/http/assets/prepare/mod.rs"]
mod prepare;

use prepare::{Files, prepare};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rustc-check-cfg=cfg(assets_embedded)");
    println!("cargo::rerun-if-changed=src/http/assets/prepare");
    // A debug build reads static/ from disk.
    if env::var("PROFILE").as_deref() != Ok("release") {
        return Ok(());
    }
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rustc-cfg=assets_embedded");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let files = prepare::read_all(&root.join("static"))?;
    fs::write(out.join("assets.rs"), table(&files, &out)?)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|_| io::Error::other(format!("cargo did not set {name}")))
}

/// Writes the bodies to a folder, and returns the source of the table that `src/http/assets.rs`
/// includes.
fn table(files: &Files, out: &Path) -> io::Result<String> {
    let version = prepare::version_of(&variable("CARGO_PKG_VERSION")?, files);
    let policy = prepare::policy();
    let mut table =
        format!("const VERSION: &str = {version:?};\nconst POLICY: &str = {policy:?};\nstatic ASSETS: &[Embedded] = &[\n");
    for (index, path) in files.keys().enumerate() {
        let Some(prepared) = prepare(path, &version, |path| files.get(path).cloned()) else { continue };
        let body = out.join(format!("{index}.body"));
        let brotli = match prepare::compress(&prepared.kind, &prepared.body) {
            None => "None".to_owned(),
            Some(compressed) => {
                let file = out.join(format!("{index}.br"));
                fs::write(&file, compressed)?;
                format!("Some(include_bytes!({file:?}))")
            }
        };
        let hash: [u8; 32] = Sha256::digest(&prepared.body).into();
        fs::write(&body, prepared.body)?;
        let (kind, policy) = (prepared.kind, prepared.policy);
        let entry = writeln!(
            table,
            "    Embedded {{ path: {path:?}, kind: {kind:?}, policy: {policy:?}, hash: {hash:?}, body: include_bytes!({body:?}), brotli: {brotli} }},"
        );
        entry.map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    Ok(table)
}
