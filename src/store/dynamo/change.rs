//! An update of one item, as expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::item::Item;

/// What becomes of an item's attributes, and on which condition. Names never meet a reserved word: all are aliased.
#[derive(Default)]
pub(super) struct Change {
    set: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Change {
    /// Gives an attribute its value; `None` removes it.
    pub(super) fn set(mut self, name: &str, value: impl Into<Option<AttributeValue>>) -> Self {
        self.name(name);
        match value.into() {
            Some(value) => {
                self.set.push(format!("#{name} = :{name}"));
                self.values.insert(format!(":{name}"), value);
            }
            None => self.remove.push(format!("#{name}")),
        }
        self
    }

    /// Adds one to a number.
    pub(super) fn count(mut self, name: &str) -> Self {
        self.name(name);
        self.set.push(format!("#{name} = #{name} + :one"));
        self.values.insert(":one".to_owned(), AttributeValue::N("1".to_owned()));
        self
    }

    /// Nothing happens unless the attribute has this value; `None`: unless it is absent.
    pub(super) fn only_if(mut self, name: &str, was: impl Into<Option<AttributeValue>>) -> Self {
        self.name(name);
        match was.into() {
            Some(was) => {
                self.conditions.push(format!("#{name} = :was_{name}"));
                self.values.insert(format!(":was_{name}"), was);
            }
            None => self.conditions.push(format!("attribute_not_exists(#{name})")),
        }
        self
    }

    /// Nothing happens unless the item is there.
    pub(super) fn only_if_stored(mut self) -> Self {
        self.name("id");
        self.conditions.push("attribute_exists(#id)".to_owned());
        self
    }

    fn name(&mut self, name: &str) {
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    pub(super) fn expression(&self) -> String {
        let part = |verb: &str, all: &[String]| match all {
            [] => String::new(),
            all => format!("{verb} {} ", all.join(", ")),
        };
        (part("SET", &self.set) + &part("REMOVE", &self.remove)).trim_end().to_owned()
    }

    pub(super) fn condition(&self) -> Option<String> {
        Some(self.conditions.join(" AND ")).filter(|condition| !condition.is_empty())
    }

    /// As a part of a transaction.
    pub(super) fn part(self, table: &str, key: Item) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key))
            .update_expression(self.expression())
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
