//! Redaction: removes guests' personal data from documents and patches.

use serde_json::Value;

/// The fields of an order and its lines that hold a guest's words, words to the guest, the guest's
/// name, or the guest's id.
const PERSONAL: [&str; 5] = ["note", "allergy", "detail", "diner", "guest_name"];

/// Removes the personal fields from a document or a merge patch, at any depth. Returns whether
/// there were any.
///
/// If a document and each of its patches are redacted, folding the patches still yields the
/// document, because a merge patch changes each member independently.
pub fn redact(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let before = members.len();
            members.retain(|name, _| !PERSONAL.contains(&name.as_str()));
            let mut found = members.len() < before;
            for member in members.values_mut() {
                found |= redact(member);
            }
            found
        }
        Value::Array(elements) => elements.iter_mut().fold(false, |found, element| redact(element) | found),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::merge_patch::apply;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn personal_fields_are_removed_at_any_depth() {
        let mut order = json!({"note": "a", "diner": "b", "guest_name": "e", "number": 7, "items": {"x": {"note": "c", "allergy": true, "detail": "d", "name": "Soup"}}});
        assert!(redact(&mut order));
        assert_eq!(order, json!({"number": 7, "items": {"x": {"name": "Soup"}}}));
        assert!(!redact(&mut order));
        let mut patch = json!({"note": null, "reason": "other"});
        assert!(redact(&mut patch));
        assert_eq!(patch, json!({"reason": "other"}));
    }

    /// Small documents with many personal members.
    fn patch() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<u8>().prop_map(Value::from), "[a-z]{0,3}".prop_map(Value::from)];
        let name = prop_oneof![Just("note"), Just("detail"), Just("diner"), Just("items"), Just("a"), Just("b")];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec((name.clone(), inner.clone()), 0..4).prop_map(|members| Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                )),
                prop::collection::vec(inner, 0..3).prop_map(Value::Array),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_fold_of_redacted_patches_is_the_redacted_document(patches in prop::collection::vec(patch(), 0..8)) {
            let (mut document, mut folded) = (json!({}), json!({}));
            for mut patch in patches.into_iter().filter(Value::is_object) {
                apply(&mut document, &patch);
                redact(&mut patch);
                apply(&mut folded, &patch);
            }
            redact(&mut document);
            prop_assert_eq!(folded, document);
        }
    }
}
