//! The layer tables of ARCHITECTURE.md, for the modules of `src` and the folders of `static`. The
//! lowest layer comes first, and a row names only rows above it, so nothing imports upwards.

use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// The allowed dependencies of each module.
#[derive(Debug)]
pub struct Layers(BTreeMap<String, BTreeSet<String>>);

const HEADER: &str = "| module | may use |";
const PAGES: &str = "| folder of `static/` | may import |";
/// The entry of the last rows, which stands for all modules in the rows above.
const ALL: &str = "everything above";

fn list(text: &str) -> BTreeSet<String> {
    text.split(',').map(|name| name.trim().trim_matches('`').to_owned()).filter(|name| !name.is_empty()).collect()
}

impl Layers {
    /// Reads the table of modules from the document.
    pub fn parse(document: &str) -> Self {
        Self::read(document, HEADER)
    }

    /// Reads the table of the pages' folders.
    pub fn of_pages(document: &str) -> Self {
        Self::read(document, PAGES)
    }

    fn read(document: &str, header: &str) -> Self {
        let rows = document.split(header).nth(1).expect("ARCHITECTURE.md has the layer table").lines().skip(2);
        let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in rows.take_while(|line| line.starts_with('|')) {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 2, "a row of the layer table has two cells: {line}");
            let below: BTreeSet<_> = table.keys().cloned().collect();
            let may = match cells[1] {
                "nothing" => BTreeSet::new(),
                ALL => below,
                named => {
                    let named = list(named);
                    let upwards: Vec<_> = named.difference(&below).collect();
                    assert!(upwards.is_empty(), "{} may not use a module that is listed below it: {upwards:?}", cells[0]);
                    named
                }
            };
            for module in list(cells[0]) {
                assert!(table.insert(module.clone(), may.clone()).is_none(), "{module} has two rows");
            }
        }
        assert!(table.len() > 2, "the layer table was read");
        Self(table)
    }

    /// Returns whether one module may use another.
    pub fn allow(&self, module: &str, used: &str) -> bool {
        self.0.get(module).is_some_and(|may| may.contains(used))
    }

    /// Returns the imports of a source that the table does not allow.
    pub fn violations(&self, source: &Source) -> Vec<String> {
        if matches!(source.module.as_str(), "lib" | "main") {
            return Vec::new(); // the map of the crate, and the binary that calls it
        }
        if !self.0.contains_key(&source.module) {
            return vec![format!("{}: {} has no row in the layer table", source.path, source.module)];
        }
        let used: BTreeSet<_> = source.used().into_iter().filter(|used| *used != source.module).collect();
        let unknown = used.iter().filter(|used| !self.0.contains_key(*used));
        let unknown = unknown.map(|used| format!("{}: crate::{used} is not in the layer table", source.path));
        let outside = used.iter().filter(|used| self.0.contains_key(*used) && !self.allow(&source.module, used));
        let outside = outside.map(|used| format!("{}: {} may not use {used}", source.path, source.module));
        unknown.chain(outside).collect()
    }
}

#[test]
fn only_listed_dependencies_are_allowed() {
    let table = "| module | may use |\n| --- | --- |\n| domain | nothing |\n| store, `auth` | domain |\n| http | domain, auth |\n\
                 | config | domain |\n| startup | everything above |\n\n| another | table |\n";
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
    assert_eq!(says("http", "cellar"), Some("src/http/a.rs: crate::cellar is not in the layer table".into()));
}

/// The control: a wrong table is refused.
#[test]
#[should_panic(expected = "room may not use a module that is listed below it")]
fn a_row_that_names_a_module_below_it_is_refused() {
    Layers::parse(
        "| module | may use |\n| --- | --- |\n| domain | nothing |\n| room | domain, feed |\n| feed | domain, room |\n",
    );
}
