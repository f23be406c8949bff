//! The graph of imports among the files of `src`, and its circles.
//!
//! A path resolves to the file that defines its name, through the re-exports of a `mod.rs`. A
//! re-export does not count as an import, unless its file uses the name too.

use crate::source::{Source, is_word};
use std::collections::{BTreeMap, BTreeSet};

/// The names of a path.
type Path = Vec<String>;

/// The files of a crate by module.
pub struct Tree<'a> {
    files: BTreeMap<Path, &'a Source>,
    /// The re-exports of each module: the name and its origin.
    exports: BTreeMap<(Path, String), Path>,
}

/// The graph of imports.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

impl<'a> Tree<'a> {
    /// Reads the module and the re-exports of each source.
    pub fn new(sources: &'a [Source]) -> Self {
        let files = sources.iter().filter(|source| source.path != "src/main.rs").map(|source| (source.modules(), source));
        let mut tree = Self { files: files.collect(), exports: BTreeMap::new() };
        for (module, source) in tree.files.clone() {
            for (is_public, path) in uses(&source.bare()) {
                if let Some(target) = tree.resolve(&path, &module).filter(|_| is_public) {
                    tree.exports.insert((module.clone(), name_of(&path)), target);
                }
            }
        }
        tree
    }

    /// Resolves a path in a module to a path from the crate's root; `None` for another crate.
    fn resolve(&self, path: &[String], module: &[String]) -> Option<Path> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        let rest = &path[ups..];
        let from = match rest.first().map(String::as_str) {
            _ if ups > 0 => module.get(..module.len().checked_sub(ups)?)?,
            Some("crate") => return Some(without_self(&rest[1..])),
            Some("self") => return Some([module, &without_self(&rest[1..])].concat()),
            Some(first) if self.files.contains_key(&[module, &[first.to_owned()]].concat()) => module,
            _ => return None,
        };
        Some([from, &without_self(rest)].concat())
    }

    /// Returns the file that defines a path.
    fn home(&self, path: &[String]) -> Option<&'a Source> {
        let module = (0..=path.len()).rev().map(|end| &path[..end]).find(|module| self.files.contains_key(*module))?;
        let target = path.get(module.len()).and_then(|name| self.exports.get(&(module.to_vec(), name.clone())));
        match target {
            Some(target) if target.as_slice() != path => self.home(&[target, &path[module.len() + 1..]].concat()),
            _ => self.files.get(module).copied(),
        }
    }

    /// Returns the graph of imports.
    pub fn imports(&self) -> Graph {
        let of = |(module, source): (&Path, &&Source)| {
            let homes = self.paths(module, source).into_iter().filter_map(|path| self.home(&path));
            let others = homes.map(|home| home.path.clone()).filter(|path| *path != source.path);
            (source.path.clone(), others.collect())
        };
        self.files.iter().map(of).collect()
    }

    /// Returns each path of the crate that a file uses, in full.
    fn paths(&self, module: &[String], source: &Source) -> Vec<Path> {
        let bare = source.bare();
        let body = without_declarations(&bare);
        let mut known = BTreeMap::new();
        let mut found = Vec::new();
        for (is_public, path) in uses(&bare) {
            let Some(target) = self.resolve(&path, module) else { continue };
            if self.files.contains_key(&target) {
                known.insert(name_of(&path), target.clone());
            }
            if !is_public || has_word(&body, &name_of(&path)) {
                found.push(target);
            }
        }
        for path in written(&body) {
            match known.get(&path[0]) {
                Some(target) => found.push([target.as_slice(), &path[1..]].concat()),
                None => found.extend(self.resolve(&path, module)),
            }
        }
        found
    }
}

fn without_self(path: &[String]) -> Path {
    path.iter().filter(|name| *name != "self").cloned().collect()
}

/// Returns the local name of an imported path.
fn name_of(path: &[String]) -> String {
    path.iter().rev().find(|name| *name != "self").cloned().unwrap_or_default()
}

/// Returns the paths of each `use` at the beginning of a line, and whether it is a re-export.
/// Renamed imports (`as`) keep their original names.
fn uses(text: &str) -> Vec<(bool, Path)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let before = &rest[..at];
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        let (body, after) = rest[at + 4..].split_once(';').unwrap_or_default();
        if line.is_empty() || line.starts_with("pub") && line.split_whitespace().count() == 1 {
            branches(body, &[], &mut |path| found.push((!line.is_empty(), path)));
        }
        rest = after;
    }
    found
}

/// Visits the leaves of a tree of imports.
fn branches(tree: &str, prefix: &[String], found: &mut impl FnMut(Path)) {
    let Some((head, body)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        found([prefix, &names(path)].concat());
        return;
    };
    let prefix = [prefix, &names(head)].concat();
    let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in body.char_indices().chain([(body.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = body[start..at].trim();
                if !part.is_empty() {
                    let parts: &mut dyn FnMut(Path) = found;
                    branches_of(part, &prefix, parts);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Like [`branches`], for a part of a tree. The recursion needs one type.
fn branches_of(tree: &str, prefix: &[String], mut found: &mut dyn FnMut(Path)) {
    branches(tree, prefix, &mut found);
}

fn names(path: &str) -> Path {
    path.split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Returns a text without imports and declarations of modules.
fn without_declarations(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((statement, after)) = rest.split_once(';') {
        let line = statement.rsplit("\n\n").next().unwrap_or_default();
        let is_declaration = |line: &str| {
            let line = line.trim_start().trim_start_matches("pub").trim_start();
            let line = line.strip_prefix('(').and_then(|line| line.split_once(") ")).map_or(line, |(_, line)| line);
            line.starts_with("use ") || line.starts_with("mod ")
        };
        let last = line.trim_start().lines().find(|line| !line.starts_with("#[")).unwrap_or_default();
        if !is_declaration(last) {
            kept.push_str(statement);
            kept.push(';');
        }
        rest = after;
    }
    kept + rest
}

/// Returns the paths of more than one name in a text.
fn written(text: &str) -> Vec<Path> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("::") {
        let head = text[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        if text[..head].ends_with("::") || text[..head].ends_with(['.', '"']) || head == at {
            continue;
        }
        let whole = text[head..].find(|c| !is_word(c) && c != ':').map_or(&text[head..], |end| &text[head..head + end]);
        found.push(names(whole));
    }
    found
}

fn has_word(text: &str, word: &str) -> bool {
    let ends = |at: usize| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word);
    text.match_indices(word).any(|(at, _)| ends(at))
}

/// Returns the imports that are in a circle or between two circles. To find them, repeatedly removes files that import no
/// remaining file, and files that no remaining file imports.
pub fn circles(graph: &Graph) -> Vec<String> {
    let mut left = graph.clone();
    loop {
        let imported: BTreeSet<_> = left.values().flatten().cloned().collect();
        let keeps = |(path, imports): &(&String, &BTreeSet<String>)| {
            imported.contains(*path) && imports.iter().any(|import| left.contains_key(import))
        };
        let kept: Graph = left.iter().filter(keeps).map(|(path, imports)| (path.clone(), imports.clone())).collect();
        if kept.len() == left.len() {
            break;
        }
        left = kept;
    }
    let lines = left.iter().flat_map(|(path, imports)| {
        let within = imports.iter().filter(|import| left.contains_key(*import));
        within.map(move |import| format!("{path} imports {import}, which imports it back, perhaps through other files"))
    });
    lines.collect()
}

fn found_in(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    circles(&Tree::new(&sources).imports())
}

#[test]
fn a_circle_is_found_however_it_is_closed() {
    let one = ("a/one.rs", "use super::two::Two;\npub struct One;\n");
    for (path, two) in [
        ("a/two.rs", "use super::one::One;\npub struct Two;\n"),
        ("a/two.rs", "use crate::a::one::{self, One};\npub struct Two;\n"),
        ("a/two.rs", "use crate::a::{one, three::{Three, Four}};\nfn f() -> one::One {}\n"),
        ("a/two.rs", "pub struct Two(crate::a::one::One);\n"),
        ("a/two.rs", "pub struct Two(super::one::One);\n"),
        ("a/two.rs", "use crate::a::One;\npub struct Two;\n"),
    ] {
        let root = ("a/mod.rs", "pub mod one;\npub mod two;\n\npub use one::One;\n");
        assert_eq!(found_in(&[root, one, (path, two)]).len(), 2, "{two}");
    }
}

#[test]
fn no_circle_is_found_in_a_graph_without_one() {
    let root = ("a/mod.rs", "//! See [`one`].\npub mod one;\npub mod two;\n\npub use one::One;\npub use two::{Two, Three};\n");
    let one = ("a/one.rs", "use super::two::Two;\n/// As in [`crate::b`].\npub struct One;\n");
    let two = ("a/two.rs", "use std::fmt::Debug;\n// crate::a::one\npub struct Two;\n");
    let above = ("b.rs", "use crate::a::{One, Two};\npub struct B(One);\n");
    assert_eq!(found_in(&[root, one, two, above]), [""; 0]);
    let tested = ("a/two.rs", "pub struct Two;\n\n#[cfg(test)]\nmod tests {\n    use super::super::one::One;\n}\n");
    assert_eq!(found_in(&[root, one, tested, above]), [""; 0]);
}

#[test]
fn a_re_export_that_its_file_uses_is_an_import() {
    let root = ("a/mod.rs", "pub mod one;\n\npub use one::One;\n\npub struct Parts {\n    one: One,\n}\n");
    let one = ("a/one.rs", "use super::Parts;\npub struct One;\n");
    assert_eq!(found_in(&[root, one]).len(), 2);
}
