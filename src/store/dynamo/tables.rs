//! The two tables, as they must be made. This program makes none itself: with a slip in the name it would begin
//! another log, where no machine is locked.

/// An attribute's name, and its type as `DynamoDB` spells it.
pub type Attribute = (&'static str, &'static str);

/// What a table is made with; capacity is paid per request.
#[derive(Debug)]
pub struct Table {
    /// Follows the name that is configured.
    pub suffix: &'static str,
    pub partition: Attribute,
    pub sort: Attribute,
    /// Local secondary indexes, by name and sort key, of keys alone. Local ones, because only they can be read
    /// consistently: what is due must be seen by the worker that is woken a moment later.
    pub indexes: &'static [(&'static str, Attribute)],
    /// The attribute by which `DynamoDB` tidies up: seconds since 1970.
    pub expires: Option<&'static str>,
}

/// Requests, locks, tells, tallies and the log's head, by kind and id.
pub const STATE: Table = Table {
    suffix: "",
    partition: ("kind", "S"),
    sort: ("id", "S"),
    indexes: &[("due", ("due_at", "N")), ("card_due", ("card_due_at", "N"))],
    expires: Some("expires"),
};

/// The audit log's entries. Its roles need `PutItem` and `Query`, nothing else.
pub const LOG: Table =
    Table { suffix: "-log", partition: ("origin", "S"), sort: ("seq", "N"), indexes: &[], expires: None };
