//! Reads. All of them are consistent.

use anyhow::anyhow;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join3;
use jiff::Timestamp;

use super::super::{Due, DueTell, Row, StoreError};
use super::item::{self, HEAD, Item, LOCK, REQUEST, TELL, key, millis, number, text};
use super::{Dynamo, busy, failed};
use crate::audit::Head;
use crate::domain::id::{InstanceId, RequestId};

/// How many items one call may ask for: the bound of `BatchGetItem`.
const BATCH: usize = 100;
/// How many items a page of a query holds at most.
const PAGE: usize = 1000;

impl Dynamo {
    /// The items of these keys that there are, in any order; `only` these attributes of them, or all.
    pub(super) async fn get(&self, keys: Vec<Item>, only: &[&str]) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let mut wanted =
                KeysAndAttributes::builder().set_keys(Some(batch.to_vec())).consistent_read(true);
            if !only.is_empty() {
                let aliases: Vec<String> = only.iter().map(|name| format!("#{name}")).collect();
                wanted = wanted.projection_expression(aliases.join(", "));
                for (alias, name) in aliases.into_iter().zip(only) {
                    wanted = wanted.expression_attribute_names(alias, *name);
                }
            }
            let mut wanted = Some(wanted.build().map_err(item::broken)?);
            let mut patience = self.patience();
            while let Some(batch) = wanted {
                let read = self.client.batch_get_item().request_items(&self.table, batch).send().await;
                let read = read.map_err(failed)?;
                found.extend(read.responses.and_then(|mut all| all.remove(&self.table)).unwrap_or_default());
                wanted = read.unprocessed_keys.and_then(|mut all| all.remove(&self.table));
                if wanted.is_some() && !patience.pause().await {
                    return Err(busy());
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn one(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        Ok(read.send().await.map_err(failed)?.item)
    }

    pub(super) async fn read_head(&self) -> Result<Head, StoreError> {
        match self.one(key(HEAD, HEAD)).await {
            Err(StoreError::Broken(why)) => {
                Err(StoreError::Broken(why.context(format!("the table `{}`", self.table))))
            }
            found => item::head(found?.as_ref()),
        }
    }

    pub(super) async fn row(&self, id: &RequestId) -> Result<Option<Row>, StoreError> {
        self.one(key(REQUEST, id.as_str())).await?.as_ref().map(item::row).transpose()
    }

    /// Items of one kind in the order of the sort key, at most `limit`.
    async fn all(&self, query: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>, StoreError> {
        let page = i32::try_from(limit.clamp(1, PAGE)).unwrap_or(i32::MAX);
        let mut items = query.consistent_read(true).limit(page).into_paginator().items().send();
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(item) = items.try_next().await.map_err(failed)?
        {
            found.push(item);
        }
        Ok(found)
    }

    /// A query of the state table, whose condition goes on with `and`.
    fn kind(&self, kind: &str, and: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression(format!("#kind = :kind{and}"))
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", text(kind))
    }

    /// What of an index is due, by `now` or ever.
    fn due_of(&self, index: &str, kind: &str, now: Option<Timestamp>) -> QueryFluentBuilder {
        let Some(now) = now else { return self.kind(kind, "").index_name(index) };
        self.kind(kind, " AND #at <= :now")
            .index_name(index)
            .expression_attribute_names("#at", format!("{index}_at"))
            .expression_attribute_values(":now", millis(now))
    }

    pub(super) async fn rows_by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError> {
        let query = if prefix.is_empty() {
            self.kind(REQUEST, "")
        } else {
            self.kind(REQUEST, " AND begins_with(#id, :prefix)")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":prefix", text(prefix))
        };
        self.all(query, 2).await?.iter().map(item::row).collect()
    }

    pub(super) async fn rows_after(
        &self,
        after: Option<&RequestId>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let query = match after {
            None => self.kind(REQUEST, ""),
            Some(after) => self
                .kind(REQUEST, " AND #id > :after")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":after", text(after.as_str())),
        };
        self.all(query, limit).await?.iter().map(item::row).collect()
    }

    pub(super) async fn holder_of(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
        let Some(lock) = self.one(key(LOCK, instance.as_str())).await? else { return Ok(None) };
        // It may have ended between the two reads.
        Ok(self.row(&item::id_of(&lock, "request")?).await?.filter(|row| !row.request.is_over()))
    }

    /// The locks say which requests are open.
    pub(super) async fn open_rows(&self) -> Result<Vec<Row>, StoreError> {
        let locks = self.all(self.kind(LOCK, ""), usize::MAX).await?;
        let keys = locks.iter().map(|lock| Ok(key(REQUEST, item::text_of(lock, "request")?)));
        let items = self.get(keys.collect::<Result<_, StoreError>>()?, &[]).await?;
        let mut rows: Vec<Row> = items.iter().map(item::row).collect::<Result<_, _>>()?;
        rows.retain(|row| !row.request.is_over());
        rows.sort_by_key(|row| row.request.opened());
        Ok(rows)
    }

    pub(super) async fn due_by(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let (requests, cards, tells) = try_join3(
            self.all(self.due_of("due", REQUEST, Some(now)), limit),
            self.all(self.due_of("card_due", REQUEST, Some(now)), limit),
            self.all(self.due_of("due", TELL, Some(now)), limit),
        )
        .await?;
        let requests = requests.iter().map(|key| item::id_of(key, "id").map(Due::Request));
        let cards = cards.iter().map(|key| item::id_of(key, "id").map(Due::Card));
        let tells = self.tells(&tells).await?.into_iter().map(|tell| Ok(Due::Tell(Box::new(tell))));
        requests.chain(cards).chain(tells).collect()
    }

    /// The tells that an index names, longest due first.
    async fn tells(&self, named: &[Item]) -> Result<Vec<DueTell>, StoreError> {
        let keys = named.iter().map(|named| Ok(key(TELL, item::text_of(named, "id")?)));
        let items = self.get(keys.collect::<Result<_, StoreError>>()?, &[]).await?;
        // One that was settled between the two reads has no due time.
        let waiting = items.iter().filter(|item| item.contains_key("due_at"));
        let mut tells: Vec<DueTell> = waiting.map(item::due_tell).collect::<Result<_, _>>()?;
        tells.sort_by_key(|tell| tell.due_at);
        Ok(tells)
    }

    pub(super) async fn first_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (requests, cards, tells) = try_join3(
            self.all(self.due_of("due", REQUEST, None), 1),
            self.all(self.due_of("card_due", REQUEST, None), 1),
            self.all(self.due_of("due", TELL, None), 1),
        )
        .await?;
        let at = |items: Vec<Item>, name| items.first().map(|item| item::time_of(item, name)).transpose();
        let times = [at(requests, "due_at")?, at(cards, "card_due_at")?, at(tells, "due_at")?];
        Ok(times.into_iter().flatten().flatten().min())
    }

    pub(super) async fn log(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.log)
            .key_condition_expression("#origin = :origin AND #seq >= :from")
            .expression_attribute_names("#origin", "origin")
            .expression_attribute_names("#seq", "seq")
            .expression_attribute_values(":origin", text(&self.origin.log))
            .expression_attribute_values(":from", number(from));
        let entries = self.all(query, limit).await?;
        entries
            .iter()
            .map(|entry| Ok((item::number_of(entry, "seq")?, item::bytes_of(entry, "bytes")?.to_vec())))
            .collect()
    }

    /// The entry at `seq`, if there is one.
    pub(super) async fn entry(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match self.log(seq, 1).await?.pop() {
            Some((found, bytes)) if found == seq => Ok(Some(bytes)),
            Some((found, _)) => Err(item::broken(anyhow!("the log has an entry {found} and none at {seq}"))),
            None => Ok(None),
        }
    }
}
