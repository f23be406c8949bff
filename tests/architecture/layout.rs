//! The layout section of ARCHITECTURE.md: it names each folder of `src` with its files, and each folder of `static`.

use crate::{assert_none, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The files of each folder, by its path from the root of the crate.
type Folders = BTreeMap<String, BTreeSet<String>>;

/// What the document's table has: a row for a folder, its files in the last cell.
fn drawn(document: &str) -> Folders {
    let rows = document.split("| folder | content | files |").nth(1).expect("ARCHITECTURE.md has the layout").lines().skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 3, "a row of the layout has three cells: {line}");
        assert!(!cells[1].is_empty(), "{} says what it is", cells[0]);
        (cells[0].trim_matches('`').to_owned(), cells[2].split_whitespace().map(str::to_owned).collect())
    });
    rows.collect()
}

/// What the tree has: of `src` every file but tests and the `mod.rs` of a folder, of `static` the folders alone.
fn there(path: &Path, name: &str, found: &mut Folders) {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
        let own = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if own != "tests" && fs::read_dir(entry.path()).unwrap().next().is_some() {
                there(&entry.path(), &format!("{name}/{own}"), found);
            }
        } else if let Some(stem) = own.strip_suffix(".rs").filter(|stem| *stem != "mod" && name.starts_with("src")) {
            files.insert(stem.to_owned());
        }
    }
    found.insert(name.to_owned(), files);
}

fn differences(drawn: &Folders, there: &Folders) -> Vec<String> {
    let folders: BTreeSet<_> = drawn.keys().chain(there.keys()).collect();
    let mut found = Vec::new();
    for folder in folders {
        match (drawn.get(folder), there.get(folder)) {
            (Some(drawn), Some(there)) => {
                found.extend(drawn.difference(there).map(|file| format!("{folder} has no {file}")));
                found.extend(there.difference(drawn).map(|file| format!("{file} of {folder} is not drawn")));
            }
            (Some(_), None) => found.push(format!("there is no {folder}")),
            (None, _) => found.push(format!("{folder} is not drawn")),
        }
    }
    found
}

#[test]
fn the_layout_names_every_folder_and_every_source() {
    let mut found = Folders::new();
    for folder in ["src", "static"] {
        there(&root().join(folder), folder, &mut found);
    }
    assert_none(differences(&drawn(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()), &found));
}

/// The control.
#[test]
fn what_was_moved_and_is_not_redrawn_is_noticed() {
    let table = "| folder | content | files |\n| --- | --- | --- |\n| `src` | all | lib main |\n| `src/a` | a | one two |\n";
    let tree = |files: &[(&str, &[&str])]| -> Folders {
        files.iter().map(|(folder, files)| ((*folder).into(), files.iter().map(|file| (*file).into()).collect())).collect()
    };
    let same = tree(&[("src", &["lib", "main"]), ("src/a", &["one", "two"])]);
    assert_eq!(differences(&drawn(table), &same), [""; 0]);
    let moved = tree(&[("src", &["lib", "main", "two"]), ("src/a", &["one"]), ("src/b", &[])]);
    assert_eq!(differences(&drawn(table), &moved), ["two of src is not drawn", "src/a has no two", "src/b is not drawn"]);
    assert_eq!(differences(&drawn(table), &tree(&[("src", &["lib", "main"])])), ["there is no src/a"]);
}
