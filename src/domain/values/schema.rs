//! Schemas of single values for the OpenAPI document, built from the constants that also validate the values.

use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::{Number, ToSchema};

/// Returns a builder for a text that matches a pattern.
pub(crate) fn text(pattern: impl Into<String>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some(pattern))
}

/// Returns a builder for a text that is one of some words.
pub(crate) fn word<'a>(words: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words))
}

/// Returns a builder for a whole number within bounds.
pub(crate) fn integer(least: impl Into<Number>, most: impl Into<Number>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(least)).maximum(Some(most))
}

/// Returns a builder for a field with the schema of a type, or null to remove the field.
pub(crate) fn or_null<T: ToSchema>() -> AnyOfBuilder {
    let none = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
    AnyOfBuilder::new().item(Ref::from_schema_name(T::name())).item(none)
}

/// Names and describes the schema of a type. Generics come in brackets before the type.
macro_rules! wire_schema {
    ([$($generics:tt)*] $type:ty, $name:expr, $schema:expr) => {
        impl<$($generics)*> ::utoipa::PartialSchema for $type {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $schema.into()
            }
        }
        impl<$($generics)*> ::utoipa::ToSchema for $type {
            fn name() -> ::std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
    ($type:ty, $name:expr, $schema:expr) => { $crate::domain::values::schema::wire_schema!([] $type, $name, $schema); };
}

pub(crate) use wire_schema;
