//! The layout table of ARCHITECTURE.md, which lists each folder of `src` and `tests/support` with
//! its files, and each folder of `static`.

use crate::{assert_none, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The files of each folder, by the folder's path from the crate's root.
type Folders = BTreeMap<String, BTreeSet<String>>;

/// Reads the document's table: a row for each folder, with its files in the last cell.
fn listed(document: &str) -> Folders {
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

/// Reads the tree: for Rust all files except tests and `mod.rs`, for `static` only the folders.
fn present(path: &Path, name: &str, found: &mut Folders) {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
        let own = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if own != "tests" && fs::read_dir(entry.path()).unwrap().next().is_some() {
                present(&entry.path(), &format!("{name}/{own}"), found);
            }
        } else if let Some(stem) = own.strip_suffix(".rs").filter(|stem| *stem != "mod" && !name.starts_with("static")) {
            files.insert(stem.to_owned());
        }
    }
    found.insert(name.to_owned(), files);
}

fn differences(listed: &Folders, present: &Folders) -> Vec<String> {
    let folders: BTreeSet<_> = listed.keys().chain(present.keys()).collect();
    let mut found = Vec::new();
    for folder in folders {
        match (listed.get(folder), present.get(folder)) {
            (Some(listed), Some(present)) => {
                found.extend(listed.difference(present).map(|file| format!("{folder} has no {file}")));
                found.extend(present.difference(listed).map(|file| format!("{file} of {folder} is not listed")));
            }
            (Some(_), None) => found.push(format!("there is no {folder}")),
            (None, _) => found.push(format!("{folder} is not listed")),
        }
    }
    found
}

#[test]
fn the_layout_lists_each_folder_and_source() {
    let mut found = Folders::new();
    for folder in ["src", "static", "tests/support/src"] {
        present(&root().join(folder), folder, &mut found);
    }
    assert_none(differences(&listed(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()), &found));
}

/// The control: differences are reported.
#[test]
fn a_file_that_moves_without_the_table_is_reported() {
    let table = "| folder | content | files |\n| --- | --- | --- |\n| `src` | all | lib main |\n| `src/a` | a | one two |\n";
    let tree = |files: &[(&str, &[&str])]| -> Folders {
        files.iter().map(|(folder, files)| ((*folder).into(), files.iter().map(|file| (*file).into()).collect())).collect()
    };
    let same = tree(&[("src", &["lib", "main"]), ("src/a", &["one", "two"])]);
    assert_eq!(differences(&listed(table), &same), [""; 0]);
    let moved = tree(&[("src", &["lib", "main", "two"]), ("src/a", &["one"]), ("src/b", &[])]);
    assert_eq!(differences(&listed(table), &moved), ["two of src is not listed", "src/a has no two", "src/b is not listed"]);
    assert_eq!(differences(&listed(table), &tree(&[("src", &["lib", "main"])])), ["there is no src/a"]);
}
