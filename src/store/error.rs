//! What can go wrong with a store, in the few ways that callers tell apart.

/// A failure of the store. The cause is logged where it is found and never reaches a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer in time, is away, or its queue is full. Nothing is known to have been committed;
    /// a command may be sent again under the same id.
    #[error("the database is unavailable")]
    Unavailable,
    /// The name, slug, key or label is taken.
    #[error("already taken")]
    Taken,
    /// The restaurant, or what was to be changed, does not exist.
    #[error("no such thing")]
    Missing,
    /// A row does not read as what it should be, or a statement failed for a reason that is a bug.
    #[error("internal store failure")]
    Internal,
}
