//! Manifests: what they depend on, and that code names it.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{project_files, root};
use crate::tree::{assert_none, rust_files};

/// Dependencies that only code names which a build script writes.
const GENERATED: &[(&str, &str)] = &[("crates/server", "serde")];

/// What a manifest depends on: `dependencies`, `dev-dependencies`, `build-dependencies` or `workspace.dependencies`, and a name.
pub(crate) fn dependencies(manifest: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut inside = None;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_matches(['[', ']']);
            inside = section.ends_with("dependencies").then(|| kind_of(section));
            if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                found.insert((kind_of(&format!("{kind}dependencies")), name.to_owned()));
            }
        } else if let Some(kind) = &inside {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') {
                found.insert((kind.clone(), name.to_owned()));
            }
        }
    }
    found
}

/// The kind of dependencies that a section lists, whatever the platforms that it is for.
fn kind_of(section: &str) -> String {
    if section.starts_with("target.") {
        return section.rsplit('.').next().unwrap_or(section).to_owned();
    }
    section.to_owned()
}

/// The folders of all crates, with what their manifests say.
pub(crate) fn crates() -> BTreeMap<String, String> {
    let read = |file: &String| std::fs::read_to_string(root().join(file)).expect("a manifest");
    let manifests = project_files().into_iter();
    manifests.filter_map(|file| Some((file.strip_suffix("/Cargo.toml")?.to_owned(), read(&file)))).collect()
}

#[test]
fn manifests_are_read_right() {
    let manifest = "[dependencies]\na.workspace = true\n# not\nb = \"1\"\n[dependencies.c-d]\npath = \"x\"\n[dev-dependencies]\ne={}\n\
                    [dev-dependencies.f]\n[target.'cfg(unix)'.dependencies]\ng = { path = \"y\" }\n[build-dependencies]\nh={}\n";
    let found: Vec<String> =
        dependencies(manifest).iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    let (normal, dev) = ("dependencies", "dev-dependencies");
    let want = [
        ("build-dependencies", "h"),
        (normal, "a"),
        (normal, "b"),
        (normal, "c-d"),
        (normal, "g"),
        (dev, "e"),
        (dev, "f"),
    ];
    assert_eq!(found, want.map(|(kind, name)| format!("{kind} {name}")));
}

/// The words of the code of each crate and kind of dependency: what may name one of that kind.
fn words_of_crates(folders: &BTreeMap<String, String>) -> BTreeMap<(&str, &'static str), BTreeSet<String>> {
    let mut words = BTreeMap::new();
    for (file, text) in rust_files() {
        // The longest, as a crate may lie in the folder of another.
        let holds =
            |folder: &&String| file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let Some(folder) = folders.keys().filter(holds).max_by_key(|folder| folder.len()) else { continue };
        let kind = match &file[folder.len() + 1..] {
            "build.rs" => "build-dependencies",
            path if path.starts_with("src/") => "dependencies",
            _ => "dev-dependencies",
        };
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named =
            code.flat_map(|line| line.split(|c: char| c != '_' && !c.is_alphanumeric())).map(str::to_owned);
        // Unit tests are in `src`.
        let kinds = if kind == "dependencies" { vec![kind, "dev-dependencies"] } else { vec![kind] };
        let named: Vec<String> = named.collect();
        for kind in kinds {
            words.entry((folder.as_str(), kind)).or_insert_with(BTreeSet::new).extend(named.iter().cloned());
        }
    }
    words
}

#[test]
fn what_a_manifest_depends_on_is_used() {
    let (folders, none) = (crates(), BTreeSet::new());
    let words = words_of_crates(&folders);
    let mut complaints = Vec::new();
    for (folder, manifest) in &folders {
        for (kind, name) in dependencies(manifest) {
            let named = words
                .iter()
                .find(|((of, k), _)| of == folder && *k == kind)
                .map_or(&none, |(_, named)| named);
            let generated = GENERATED.contains(&(folder.as_str(), name.as_str()));
            if !generated && !named.contains(&name.replace('-', "_")) {
                complaints.push(format!("{folder}/Cargo.toml: nothing names `{name}` of its {kind}"));
            }
        }
    }
    let top = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest of the workspace");
    let of_crates: BTreeSet<String> =
        folders.values().flat_map(|m| dependencies(m)).map(|(_, name)| name).collect();
    let of_top = dependencies(&top).into_iter().map(|(_, name)| name);
    complaints.extend(
        of_top
            .filter(|name| !of_crates.contains(name))
            .map(|name| format!("Cargo.toml: no crate depends on `{name}`")),
    );
    assert_none(&complaints);
}
