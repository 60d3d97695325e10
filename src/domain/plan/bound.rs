//! What an approval is bound to: the lines that must be the same at the claim as on the card, and what may only become
//! better.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Image, Known, Plan, tag_text};
use crate::domain::id::KeyId;

/// One line of the plan that is no longer what the approver saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub field: String,
    pub was: String,
    pub is: String,
}

impl Drift {
    fn new(field: &str, was: &dyn Display, is: &dyn Display) -> Self {
        Self { field: field.to_owned(), was: was.to_string(), is: is.to_string() }
    }
}

const NEW_IMAGE: &str = "new image";

impl Plan {
    /// What must be the same at the claim as on the card, one value a line.
    fn bound(&self) -> BTreeMap<String, Value> {
        let m = &self.machine;
        let operation = m
            .last
            .as_ref()
            .map_or_else(|| "none".to_owned(), |last| format!("{} {}", last.name, last.request_id));
        let state = [
            ("account", self.account.clone().into()),
            ("name", m.name.clone().into()),
            ("uuid", m.uuid.clone().into()),
            ("private ip", m.private_ips.join(" ").into()),
            ("region", m.region.clone().into()),
            ("zone", m.zone.clone().into()),
            ("system disk", format!("{} {} {} GB", m.disk.id, m.disk.kind, m.disk.size_gb).into()),
            ("image", self.current_name().into()),
            (NEW_IMAGE, self.target.as_ref().map_or_else(|| self.target_name(), image_text).into()),
            ("keys", m.keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join(" ").into()),
            ("tags", tag_text(&self.bound_tags).into()),
            ("last operation", operation.into()),
        ];
        let state = state.map(|(name, value)| (name.to_owned(), value));
        // Each parameter by itself, so that a person sees which of them has changed.
        let order = serde_json::to_value(&self.order).unwrap_or_default();
        let order = order.as_object().into_iter().flatten();
        let order = order.map(|(name, value)| (format!("sent {name}"), value.clone()));
        state.into_iter().chain(order).collect()
    }

    /// The bound lines, sorted: `name=json`, one a line.
    pub fn lines(&self) -> String {
        let lines: Vec<String> =
            self.bound().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        lines.concat()
    }

    /// SHA-256 of [`Plan::lines`], in hex.
    pub fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&Sha256::digest(self.lines().as_bytes()))
    }

    /// Field by field, what differs from `seen`, the plan that was approved, or has become worse. Empty: nothing. What
    /// one of the two could not look up is not compared.
    pub fn drift_from(&self, seen: &Self) -> Vec<Drift> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let unlike = self.target_is_unseen() || seen.target_is_unseen();
        let was = seen.bound();
        let mut drift: Vec<Drift> = self
            .bound()
            .iter()
            .filter(|(field, is)| was.get(field.as_str()) != Some(is) && !(*field == NEW_IMAGE && unlike))
            .map(|(field, is)| {
                Drift::new(field, &was.get(field.as_str()).map(text).unwrap_or_default(), &text(is))
            })
            .collect();
        drift.extend(self.price_drift(seen));
        drift.extend(self.snapshot_drift(seen));
        drift
    }

    /// A price that the approver was shown, and a higher one now.
    fn price_drift(&self, seen: &Self) -> Option<Drift> {
        let (was, is) = (seen.price.found()?, self.price.found()?);
        is.exceeds(was).then(|| Drift::new("price", was, is))
    }

    /// A snapshot that the approver was shown, and that is gone.
    fn snapshot_drift(&self, seen: &Self) -> Option<Drift> {
        let was = seen.snapshot.found()?;
        match &self.snapshot {
            Known::Found(is) if is < was => Some(Drift::new("newest snapshot", was, is)),
            Known::Missing => Some(Drift::new("newest snapshot", was, &"none")),
            Known::Found(_) | Known::Unasked(_) => None,
        }
    }

    /// Whether the new image could not be looked at.
    fn target_is_unseen(&self) -> bool {
        self.target.is_none() && self.image_unasked.is_some()
    }

    /// Whether the new image was looked at for `seen` and could not be now: nobody can say that it is the same.
    pub fn sees_less_than(&self, seen: &Self) -> bool {
        self.target_is_unseen() && seen.target.is_some()
    }
}

/// Everything of an image that decides what will be on the disk.
fn image_text(image: &Image) -> String {
    // An image that turns out not to run the userdata text is refused when the plan is drawn again.
    let Image { id, os_name, family, source, state, architecture, size_gb, cloud_init: _ } = image;
    let family = family.name();
    format!("{os_name} ({id}), {source:?} {family} {architecture}, {size_gb} GB, {state}")
}
