//! Reading and verifying the log.

use std::io::Write;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::audit::entry::Entry;
use crate::audit::verify::{Bad, Verified, Verifier};
use crate::domain::id::RequestId;
use crate::domain::notice;
use crate::domain::request::{Event, Request};
use crate::store::{Row, Store};

/// Entries and requests are read in pages of this many.
const PAGE: usize = 1000;

/// Hands every entry to `each`, in order.
async fn entries(
    store: &dyn Store,
    mut each: impl FnMut(u64, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut from = 0;
    loop {
        let page = store.entries(from, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = last + 1;
        for (seq, bytes) in &page {
            each(*seq, bytes)?;
        }
    }
}

/// One line for each entry; as stored with `json`.
///
/// # Errors
/// When the store cannot be read, or an entry is damaged.
pub async fn list(store: &dyn Store, out: &mut (dyn Write + Send), json: bool) -> anyhow::Result<()> {
    entries(store, |seq, bytes| {
        if json {
            out.write_all(bytes)?;
            return Ok(writeln!(out)?);
        }
        let entry =
            Entry::decode(bytes).with_context(|| format!("entry {seq} is damaged: run `audit verify`"))?;
        let at = entry.fact.at.strftime("%Y-%m-%d %H:%M:%S");
        let instance = entry.instance.as_ref().map_or("-", |id| id.as_str());
        let (who, what) =
            (notice::visible(notice::actor(&entry.fact)), notice::visible(&notice::summary(&entry.fact)));
        Ok(writeln!(out, "{seq:>5}  {at}  {instance:<12}  {who:<11} {what}")?)
    })
    .await
}

/// One request: its facts, and the card that was approved, as it was shown.
///
/// # Errors
/// When there is no such request, or more than one.
pub async fn show(
    store: &dyn Store,
    id: &str,
    out: &mut (dyn Write + Send),
    json: bool,
) -> anyhow::Result<()> {
    let prefix = id.trim_start_matches('#').to_ascii_lowercase();
    let mut found = match id.parse() {
        Ok(instance) => store.by_instance(&instance).await?.into_iter().collect(),
        Err(_) if RequestId::is_prefix(&prefix) => store.by_prefix(&prefix).await?,
        Err(_) => {
            bail!("name a request by its id (`#k3v7q`, at least four characters) or by the instance it locks")
        }
    };
    let (Some(Row { request, .. }), true) = (found.pop(), found.is_empty()) else {
        bail!("there is no request `{id}`, or more than one; `audit list` shows them all");
    };
    if json {
        return Ok(writeln!(out, "{}", json!({ "id": request.id, "facts": request.facts }))?);
    }
    writeln!(out, "Request {} on {}: {}", request.id, request.ask.instance, request.state.name())?;
    for fact in &request.facts {
        let at = fact.at.strftime("%Y-%m-%d %H:%M:%S");
        writeln!(
            out,
            "  {at}  {:<11} {}",
            notice::visible(notice::actor(fact)),
            notice::visible(&notice::summary(fact))
        )?;
    }
    if let Some(card) = approved_card(&request) {
        writeln!(out, "\nThe card that was decided on:")?;
        card.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(())
}

/// The card follows from the facts up to its posting.
fn approved_card(request: &Request) -> Option<Vec<String>> {
    let posted = request.facts.iter().position(|fact| matches!(fact.event, Event::Posted { .. }))?;
    let then = Request::replay(request.id.clone(), request.facts[..=posted].to_vec()).ok()?;
    Some(notice::plain(&notice::card(&then, then.last().at)?))
}

/// Checks bytes, tree and replay. Inner `Err`: the first thing that is wrong.
///
/// # Errors
/// When the store cannot be read at all.
pub async fn verify(store: &dyn Store, log: &str) -> anyhow::Result<Result<Verified, Bad>> {
    let mut verifier = Verifier::new(log);
    let mut bad = None;
    entries(store, |seq, bytes| {
        if bad.is_none() {
            bad = verifier.entry(seq, bytes).err();
        }
        Ok(())
    })
    .await?;
    if let Some(bad) = bad {
        return Ok(Err(bad));
    }
    let head = store.head().await?;
    let (mut after, mut rows) = (None, 0);
    loop {
        let page = match store.requests(after.as_ref(), PAGE).await {
            Ok(page) => page,
            Err(why) => {
                return Ok(Err(Bad {
                    seq: head.size,
                    what: format!("a request's row cannot be read: {why:?}"),
                }));
            }
        };
        let Some(last) = page.last() else { break };
        after = Some(last.request.id.clone());
        rows += page.len();
        for row in &page {
            if let Err(bad) = verifier.row(&row.request, &row.seal) {
                return Ok(Err(bad));
            }
        }
    }
    Ok(verifier.finish(&head, rows))
}

/// `audit verify`: whether all of it holds.
///
/// # Errors
/// When the store cannot be read at all.
pub async fn report(
    store: &dyn Store,
    log: &str,
    out: &mut (dyn Write + Send),
    json: bool,
) -> anyhow::Result<bool> {
    let verdict = verify(store, log).await?;
    let good = verdict.is_ok();
    match (verdict, json) {
        (Ok(Verified { entries, requests, root }), false) => {
            let root = data_encoding::HEXLOWER.encode(&root);
            writeln!(
                out,
                "Verified: {entries} entries, {requests} requests, root {root}. Checkpoints are unsigned: no audit key is configured."
            )?;
        }
        (Ok(Verified { entries, requests, root }), true) => {
            let root = data_encoding::HEXLOWER.encode(&root);
            writeln!(
                out,
                "{}",
                json!({ "ok": true, "entries": entries, "requests": requests, "root": root })
            )?;
        }
        (Err(bad), false) => writeln!(
            out,
            "NOT VERIFIED. {bad}\nWhat comes before entry {} holds. Keep this file as it is and compare it with a backup.",
            bad.seq
        )?,
        (Err(bad), true) => writeln!(out, "{}", json!({ "ok": false, "seq": bad.seq, "what": bad.what }))?,
    }
    Ok(good)
}
