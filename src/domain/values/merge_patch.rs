//! RFC 7396 JSON Merge Patch: applies patches and computes them.
//!
//! In a merge patch, null removes a member, so documents of this crate have no nulls. Therefore
//! `apply(before, diff(before, after)) == after` always holds.

use serde_json::{Map, Value};

/// Applies `patch` to `target` (RFC 7396, section 2).
pub fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            apply(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Returns the smallest merge patch from `before` to `after`. Neither may contain a null.
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let removed = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let changed = new.iter().filter_map(|(name, value)| {
        let patch = match old.get(name) {
            Some(previous) if previous == value => return None,
            Some(previous) if previous.is_object() && value.is_object() => diff(previous, value),
            _ => value.clone(),
        };
        Some((name.clone(), patch))
    });
    Value::Object(removed.chain(changed).collect())
}

/// Returns a merge patch that yields `after` both from `before` and from an empty object. Neither
/// may contain a null.
#[must_use]
pub fn whole(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let removed = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let present = new.iter().map(|(name, value)| {
        let patch = old.get(name).map_or_else(|| value.clone(), |previous| whole(previous, value));
        (name.clone(), patch)
    });
    Value::Object(removed.chain(present).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_rfc_7396_appendix_a() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (mut target, patch, expected) in cases {
            apply(&mut target, &patch);
            assert_eq!(target, expected, "{patch}");
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        let tree = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-d]", tree, 0..5).prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn applying_a_difference_yields_the_other_document(before in document(), after in document()) {
            let mut target = before.clone();
            apply(&mut target, &diff(&before, &after));
            prop_assert_eq!(target, after);
        }

        #[test]
        fn a_whole_patch_yields_the_document_from_its_predecessor_and_from_nothing(
            before in document(),
            after in document(),
        ) {
            let patch = whole(&before, &after);
            for mut target in [before, json!({})] {
                apply(&mut target, &patch);
                prop_assert_eq!(&target, &after);
            }
        }

        #[test]
        fn equal_documents_have_an_empty_difference(document in document()) {
            prop_assert_eq!(diff(&document, &document), json!({}));
        }
    }
}
