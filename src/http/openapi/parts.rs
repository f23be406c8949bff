//! The parts that several operations share: parameters, and the problems that follow from a
//! handler's extractors.

use crate::domain::values::ids::CommandId;
use crate::domain::values::schema;
use crate::domain::values::text::Slug;
use crate::http::problem::Problem;
use crate::protocol::problem_body::{PROBLEM_JSON, ProblemBody};
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, ToResponse, ToSchema};

/// The name of the problem among the responses of the document.
const PROBLEM: &str = "Problem";

impl<'r> ToResponse<'r> for Problem {
    fn response() -> (&'r str, RefOr<Response>) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
        let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
        let wait =
            HeaderBuilder::new().schema(Some(seconds)).description(Some("With 429 and 503: whole seconds to wait.")).build();
        let response = ResponseBuilder::new().description("A problem.").header("Retry-After", wait);
        (PROBLEM, response.content(PROBLEM_JSON, content).build().into())
    }
}

/// Returns the problem under each of some statuses.
pub(super) fn problems(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    statuses.iter().map(|status| (status.to_string(), Ref::from_response_name(PROBLEM).into())).collect()
}

macro_rules! part {
    ($(#[$doc:meta])* $name:ident, $statuses:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                problems(&$statuses)
            }
        }
    };
}

part!(
    /// The problems of an operation that takes a token: `AuthUser`.
    WithToken, [401, 403, 429]
);
part!(
    /// The problems of an operation that also accepts the link to an order: `Bearer`.
    WithLink, [401, 429]
);
part!(
    /// The problems of an operation for the people of the restaurant in the path: `TenantUser`, `Manager`.
    OfRestaurant, [401, 403, 404, 429]
);
part!(
    /// The problems of an operation with a body: `Body`, `LargeBody`, `OptionalBody`.
    WithBody, [400, 408, 413, 415, 422]
);
part!(
    /// The problems of an edit that may name its version: `BasedOn`.
    OnVersion, [412, 422]
);

/// The parameter `slug` of a path.
#[derive(Debug)]
pub struct RestaurantPath;

impl IntoParams for RestaurantPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let slug = ParameterBuilder::new().name("slug").parameter_in(ParameterIn::Path).required(Required::True);
        let slug = slug.schema(Some(Ref::from_schema_name(Slug::name())));
        vec![slug.description(Some("The restaurant's name in addresses, or its id.")).build()]
    }
}

/// The header `If-Match`.
#[derive(Debug)]
pub struct IfMatch;

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let header = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::False);
        let description = "The version that the edit is based on: the ETag or `version` that was read (for the menu also its \
                           `position`, in quotes). Without the header, the edit applies to any version.";
        vec![header.schema(Some(text)).description(Some(description)).build()]
    }
}

/// The header that names a shift.
#[derive(Debug)]
pub struct Shift;

impl IntoParams for Shift {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new().name("Orderbell-Shift").parameter_in(ParameterIn::Header).required(Required::False);
        let description = "On a shared device: the shift of the person who acts.";
        vec![header.schema(Some(Ref::from_schema_name("Id"))).description(Some(description)).build()]
    }
}

/// The header that asks for snapshots in parts.
#[derive(Debug)]
pub struct PagedSnapshot;

impl IntoParams for PagedSnapshot {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = ParameterBuilder::new().name("Orderbell-Snapshot").parameter_in(ParameterIn::Header);
        let header = header.required(Required::False).schema(Some(schema::word(["paged"])));
        let description = "`paged`: a snapshot comes in parts, each a `snapshot` frame with `part` and `more`.";
        vec![header.description(Some(description)).build()]
    }
}

/// The header `Idempotency-Key` of a call in which a person proves a secret.
#[derive(Debug)]
pub struct Attempt;

impl IntoParams for Attempt {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header).required(Required::False);
        let description = "One for each attempt of a person. Repeat the call with the same key until it is answered: for ten \
                           minutes, the same key with the right password gets the same session, until that is renewed.";
        vec![key.schema(Some(Ref::from_schema_name(CommandId::name()))).description(Some(description)).build()]
    }
}

/// The query `after` of a list of managers.
#[derive(Debug)]
pub struct After;

impl IntoParams for After {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let after = ParameterBuilder::new().name("after").parameter_in(ParameterIn::Query).required(Required::False);
        vec![after.schema(Some(text)).description(Some("The `next` of the previous page.")).build()]
    }
}
