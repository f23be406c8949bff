//! The imports of the modules of `static/`: no circles, and no import that the layer table forbids.

use crate::imports::{Graph, circles};
use crate::layers::Layers;
use crate::{assert_none, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Collects all modules under a folder with their texts, by path from `static/`.
fn modules(folder: &Path, base: &Path, found: &mut Vec<(PathBuf, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            modules(&path, base, found);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            found.push((path.strip_prefix(base).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Returns all imports of a module: static, dynamic, and of types.
fn imported(text: &str) -> BTreeSet<&str> {
    let found = ["from '", "import('", "import '"].iter().flat_map(|word| text.split(word).skip(1));
    found.filter_map(|rest| rest.split('\'').next()).filter(|path| path.starts_with('.') && path.ends_with(".js")).collect()
}

/// Resolves a path in a module to a path from `static/`.
fn resolved(module: &Path, path: &str) -> PathBuf {
    let mut at = module.parent().unwrap_or(Path::new("")).to_owned();
    for name in path.split('/') {
        match name {
            "." => {}
            ".." => assert!(at.pop(), "{path} in {} leads out of static/", module.display()),
            name => at.push(name),
        }
    }
    at
}

fn graph(modules: &[(PathBuf, String)]) -> Graph {
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let of = |(module, text): &(PathBuf, String)| {
        let imports = imported(text).into_iter().map(|path| name(&resolved(module, path)));
        (name(module), imports.collect())
    };
    modules.iter().map(of).collect()
}

fn all() -> Graph {
    let (base, mut found) = (root().join("static"), Vec::new());
    modules(&base, &base, &mut found);
    assert!(found.len() > 100, "the modules were found");
    graph(&found)
}

#[test]
fn no_module_of_the_pages_is_in_a_circle_of_imports() {
    assert_none(circles(&all()));
}

/// Returns the imports between folders of `static/` that the table does not allow.
fn outside(graph: &Graph, layers: &Layers) -> Vec<String> {
    let folder = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned());
    let pairs = graph.iter().flat_map(|(from, imports)| imports.iter().map(move |to| (from, to)));
    let found = pairs.filter_map(|(from, to)| match (folder(from), folder(to)) {
        (Some(one), Some(other)) if one == other || layers.allow(&one, &other) => None,
        _ => Some(format!("static/{from} may not import {to}")),
    });
    found.collect()
}

#[test]
fn pages_import_only_what_their_layer_table_allows() {
    let layers = Layers::of_pages(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    assert_none(outside(&all(), &layers));
}

/// The control: a circle and forbidden imports are reported.
#[test]
fn a_circle_and_forbidden_imports_are_found() {
    let module = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let circle = [
        module("shared/a.js", "import { b } from './b.js';\n"),
        module("shared/b.js", "/** @param {import('./a.js').A} a */\nexport const b = async () => import('../client/c.js');\n"),
        module("client/c.js", "import { a } from '../shared/a.js';\n"),
    ];
    assert_eq!(circles(&graph(&circle)).len(), 4);
    assert_eq!(circles(&graph(&circle[..2])).len(), 2);
    assert_eq!(circles(&graph(&[circle[0].clone(), circle[2].clone()])), [""; 0]);
    let table = "| folder of `static/` | may import |\n| --- | --- |\n| client | nothing |\n| shared | client |\n| guest, floor | client, shared |\n";
    let layers = Layers::of_pages(table);
    assert_eq!(outside(&graph(&circle), &layers), ["static/client/c.js may not import shared/a.js"]);
    let across = [module("guest/a.js", "import { b } from '../floor/b.js';\nimport { c } from '../shared/c.js';\n")];
    assert_eq!(outside(&graph(&across), &layers), ["static/guest/a.js may not import floor/b.js"]);
}
