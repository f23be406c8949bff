//! The layer table of ARCHITECTURE.md.

use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// What a module may use of the crate.
#[derive(Debug, PartialEq, Eq)]
enum May {
    Use(BTreeSet<String>),
    UseAllBut(BTreeSet<String>),
}

/// The table, by module.
#[derive(Debug)]
pub struct Layers(BTreeMap<String, May>);

const HEADER: &str = "| module | may use |";

fn list(text: &str) -> BTreeSet<String> {
    text.split(',').map(|name| name.trim().trim_matches('`').to_owned()).filter(|name| !name.is_empty()).collect()
}

impl Layers {
    /// Reads the table out of the document.
    pub fn parse(document: &str) -> Self {
        let rows = document.split(HEADER).nth(1).expect("ARCHITECTURE.md has the layer table").lines().skip(2);
        let rows = rows.take_while(|line| line.starts_with('|')).map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 2, "a row of the layer table has two cells: {line}");
            (list(cells[0]), cells[1])
        });
        let mut table = BTreeMap::new();
        for (modules, right) in rows {
            for module in modules {
                let may = match (right, right.strip_prefix("everything but ")) {
                    ("nothing", _) => May::Use(BTreeSet::new()),
                    ("everything", _) => May::UseAllBut(BTreeSet::new()),
                    (_, Some(rest)) => May::UseAllBut(list(rest)),
                    _ => May::Use(list(right)),
                };
                assert!(table.insert(module.clone(), may).is_none(), "{module} has two rows");
            }
        }
        assert!(table.len() > 5, "the layer table was read");
        Self(table)
    }

    /// What a source does that the table does not let it.
    pub fn violations(&self, source: &Source) -> Vec<String> {
        if matches!(source.module.as_str(), "lib" | "main") {
            return Vec::new(); // the map of the house and the shim before it
        }
        let Some(may) = self.0.get(&source.module) else {
            return vec![format!("{}: {} has no row in the layer table", source.path, source.module)];
        };
        let is_free = |used: &String| match may {
            May::Use(list) => list.contains(used),
            May::UseAllBut(list) => !list.contains(used),
        };
        let used: BTreeSet<_> = source.used().into_iter().filter(|used| *used != source.module).collect();
        let unknown = used.iter().filter(|used| !self.0.contains_key(*used));
        let unknown = unknown.map(|used| format!("{}: crate::{used} is no module of the layer table", source.path));
        let outside = used.iter().filter(|used| self.0.contains_key(*used) && !is_free(used));
        let outside = outside.map(|used| format!("{}: {} may not use {used}", source.path, source.module));
        unknown.chain(outside).collect()
    }
}

#[test]
fn the_table_lets_through_what_it_says_and_nothing_else() {
    let table = "| module | may use |\n| --- | --- |\n| domain | nothing |\n| store, `auth` | domain |\n| http | everything but startup, config |\n\
                 | startup | everything |\n| config | domain |\n\n| another | table |\n";
    let layers = Layers::parse(table);
    let says = |module: &str, uses: &str| {
        layers.violations(&Source::new(&format!("{module}/a.rs"), &format!("use crate::{uses}::X;"))).first().cloned()
    };
    for (module, uses) in [("store", "domain"), ("auth", "domain"), ("http", "auth"), ("startup", "http"), ("store", "store")] {
        assert_eq!(says(module, uses), None, "{module} → {uses}");
    }
    for (module, uses) in [("domain", "store"), ("store", "auth"), ("http", "config"), ("config", "http")] {
        assert_eq!(says(module, uses), Some(format!("src/{module}/a.rs: {module} may not use {uses}")));
    }
    assert_eq!(says("cellar", "domain"), Some("src/cellar/a.rs: cellar has no row in the layer table".into()));
    assert_eq!(says("http", "cellar"), Some("src/http/a.rs: crate::cellar is no module of the layer table".into()));
}
