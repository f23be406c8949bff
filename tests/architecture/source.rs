//! Parses source files as far as the checks need. Relies on rustfmt: items begin and end at their
//! indentation.

use std::fs;
use std::path::Path;

/// A file under `src`.
pub struct Source {
    /// The path from the crate's root, for messages.
    pub path: String,
    /// The top-level module: `store` for `store/log.rs`, `clock` for `clock.rs`.
    pub module: String,
    /// The depth of the module: 1 for `clock.rs` and `store/mod.rs`, 2 for `store/log.rs`.
    depth: usize,
    /// The text up to the tests at its end.
    code: String,
}

/// Reads all sources under a folder.
pub fn under(src: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![src.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(src).unwrap().to_str().unwrap();
                found.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

impl Source {
    /// Makes a source of a path under `src` and a text.
    pub fn new(name: &str, text: &str) -> Self {
        let parts: Vec<_> = name.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
        let is_test = parts.iter().any(|part| part.ends_with("tests"));
        let code = if is_test { "" } else { text.split("\n#[cfg(test)]\n").next().unwrap_or_default() };
        Self { path: format!("src/{name}"), module: parts[0].into(), depth: parts.len(), code: code.into() }
    }

    /// Returns the path of the file's module from the crate's root.
    pub fn modules(&self) -> Vec<String> {
        let name = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        name.split('/').filter(|part| !matches!(*part, "mod" | "lib")).map(str::to_owned).collect()
    }

    /// Returns the code without comments.
    pub fn bare(&self) -> String {
        let bare = self.code.lines().map(|line| line.split("// ").next().unwrap_or_default());
        bare.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    /// Returns the modules of the crate that the file uses, its own included.
    pub fn used(&self) -> Vec<String> {
        let bare = self.bare();
        let up = "super::".repeat(self.depth);
        ["crate::", up.as_str()].iter().flat_map(|prefix| heads(&bare, prefix)).collect()
    }

    /// Returns whether the file names an external path, such as a crate.
    pub fn names(&self, path: &str) -> bool {
        let bare = self.bare();
        let mut whole = bare.match_indices(path).filter(|(at, _)| starts_a_path(&bare, *at));
        whole.any(|(at, _)| !bare[at + path.len()..].starts_with(is_word) && is_path(&bare, at, path))
    }

    /// Returns the number of lines without the tests at the end.
    pub fn lines_without_tests(&self) -> usize {
        self.code.lines().count()
    }

    /// Returns the first line and the number of lines of each function.
    pub fn functions(&self) -> Vec<(usize, usize)> {
        let lines: Vec<_> = self.code.lines().collect();
        let begins = |line: &&str| {
            let line = line.trim_start();
            ["fn ", "pub fn ", "async fn ", "pub async fn ", "const fn ", "pub const fn "]
                .iter()
                .any(|word| line.starts_with(word))
                || (line.starts_with("pub(") && line.contains(" fn "))
        };
        let starts = lines.iter().enumerate().filter(|(_, line)| begins(line));
        starts.filter_map(|(n, line)| Some((n + 1, length(&lines[n..], line)?))).collect()
    }

    /// Returns the first line with a word, in code or comment.
    pub fn line_of(&self, word: &str) -> Option<usize> {
        self.code.lines().position(|line| line.contains(word)).map(|n| n + 1)
    }
}

/// Returns the number of lines of the function that begins at the first line; `None` for one
/// without a body.
fn length(lines: &[&str], first: &str) -> Option<usize> {
    let end = format!("{}}}", &first[..first.len() - first.trim_start().len()]);
    let bodiless = lines.iter().position(|line| line.trim_end().ends_with(';')).unwrap_or(usize::MAX);
    let opening = lines.iter().position(|line| line.contains('{'))?;
    if bodiless < opening {
        return None;
    }
    if lines[opening].trim_end().ends_with('}') {
        return Some(opening + 1);
    }
    Some(lines.iter().position(|line| *line == end)? + 1)
}

/// Returns whether a character can be part of a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns whether a path can begin at `at`, by the text before it.
fn starts_a_path(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c| is_word(c) || c == ':' || c == '"' || c == '.' || c == '-')
}

/// Returns whether the word at `at` is used as a path: followed by `::`, or imported by `use`.
fn is_path(text: &str, at: usize, path: &str) -> bool {
    text[at + path.len()..].starts_with("::") || path.contains("::") || text[..at].trim_end().ends_with("use")
}

/// Returns the first names after a prefix: one, or those of a group.
fn heads(text: &str, prefix: &str) -> Vec<String> {
    let places = text.match_indices(prefix).filter(|(at, _)| starts_a_path(text, *at));
    places.flat_map(|(at, _)| heads_of(&text[at + prefix.len()..])).collect()
}

fn heads_of(rest: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut depth, mut start, mut names) = (0_i32, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn used_modules_are_found_however_they_are_written() {
    let used = |name, text| Source::new(name, text).used();
    assert_eq!(used("feed/mod.rs", "use crate::store::Log;"), ["store"]);
    assert_eq!(
        used("feed/mod.rs", "use crate::{clock, store::{Log, error}, domain::ids::OrderId};"),
        ["clock", "store", "domain"]
    );
    assert_eq!(used("feed/mod.rs", "fn now() -> u8 { crate::clock::now() }"), ["clock"]);
    assert_eq!(used("feed/mod.rs", "use super::room;"), ["room"]);
    assert_eq!(used("feed/actor.rs", "use super::super::room::Room;\nuse super::messages;"), ["room"]);
    assert_eq!(used("feed/mod.rs", "//! see crate::http\n/// and [`crate::http`]\nfn f() {} // crate::http"), [""; 0]);
    assert_eq!(used("feed/mod.rs", "mod a {}\n\n#[cfg(test)]\nmod tests {\n use crate::http;\n}"), [""; 0]);
}

#[test]
fn names_of_other_crates_are_found_and_similar_words_are_not() {
    let names = |text: &str, path| Source::new("feed/mod.rs", text).names(path);
    for text in ["use redis::Client;", "use redis;", "fn f(c: &redis::Client) {}", "let c = redis::Client::open(url);"] {
        assert!(names(text, "redis"), "{text}");
    }
    for text in ["use crate::config::redis::Url;", "let redis = 1;", "// redis::Client", "use redis_like::X;", "\"redis://\""] {
        assert!(!names(text, "redis"), "{text}");
    }
    assert!(names("let t = std::time::Instant::now();", "std::time::Instant"));
}

#[test]
fn the_length_of_a_function_counts_from_its_first_line_to_its_closing_brace() {
    let text = "impl A {\n    pub async fn a(\n        b: u8,\n    ) {\n        if b > 0 {\n        }\n    }\n\n    fn c() {}\n}\n\ntrait T {\n    fn d();\n}\n";
    assert_eq!(Source::new("a.rs", text).functions(), [(2, 6), (9, 1)]);
}
