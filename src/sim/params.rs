//! Reading the parameters of a call as strictly as the API does: an unknown name is an error, a wrong type too.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::ApiError;

/// How deep flat names go at most; the API's own go to four: `EnhancedService.MonitorService.Enabled`.
const MAX_DEPTH: usize = 8;

/// The parameters of one call.
#[derive(Debug)]
pub(super) struct Body {
    value: Value,
    /// Whether numbers and booleans are text, as in a query string.
    flat: bool,
}

impl Body {
    /// # Errors
    /// `InvalidParameter`, when it is not JSON.
    pub(super) fn json(bytes: &[u8]) -> Result<Self, ApiError> {
        let value = serde_json::from_slice(bytes)
            .map_err(|_| ApiError::new("InvalidParameter", "The request body is not JSON."))?;
        Ok(Self { value, flat: false })
    }

    /// `SystemDisk.DiskSize=60&LoginSettings.KeyIds.0=skey-…` as the objects and lists that it stands for. Lists count
    /// from 0, in older clients from 1; only the order is looked at.
    ///
    /// # Errors
    /// When a name is both a value and an object, or too deep.
    pub(super) fn flat<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError> {
        let mut tree = Map::new();
        for (name, value) in pairs {
            let path: Vec<&str> = name.split('.').collect();
            if path.len() > MAX_DEPTH {
                return Err(unknown(name));
            }
            if !plant(&mut tree, &path, value) {
                let why = format!("`{name}` is a value and an object at once.");
                return Err(ApiError::new("InvalidParameter", why));
            }
        }
        let value = Value::Object(tree.into_iter().map(|(name, one)| (name, with_lists(one))).collect());
        Ok(Self { value, flat: true })
    }

    /// # Errors
    /// `InvalidParameter` when the body is not an object, `UnknownParameter` when it has a name outside `names`.
    pub(super) fn params(&self, names: &[&str]) -> Result<Params<'_>, ApiError> {
        Params::at(&self.value, String::new(), self.flat, names)
    }
}

/// False where something else is in the way.
fn plant(tree: &mut Map<String, Value>, path: &[&str], value: &str) -> bool {
    match path {
        [] => false,
        [name] => tree.insert((*name).to_owned(), value.into()).is_none(),
        [name, rest @ ..] => {
            let below = tree.entry(*name).or_insert_with(|| Map::new().into());
            below.as_object_mut().is_some_and(|below| plant(below, rest, value))
        }
    }
}

/// Objects whose names are all numbers are lists, in the order of the numbers.
fn with_lists(value: Value) -> Value {
    let Value::Object(object) = value else { return value };
    let numbered: Option<BTreeMap<u32, Value>> =
        object.iter().map(|(name, one)| Some((name.parse().ok()?, with_lists(one.clone())))).collect();
    match numbered {
        Some(list) => list.into_values().collect(),
        None => object.into_iter().map(|(name, one)| (name, with_lists(one))).collect(),
    }
}

/// The parameters in one object. `null` counts as absent.
pub(super) struct Params<'a> {
    object: &'a Map<String, Value>,
    /// `SystemDisk.`; empty at the top.
    path: String,
    flat: bool,
}

impl<'a> Params<'a> {
    fn at(value: &'a Value, path: String, flat: bool, names: &[&str]) -> Result<Self, ApiError> {
        let Value::Object(object) = value else {
            let what = if path.is_empty() { "body" } else { path.trim_end_matches('.') };
            return Err(ApiError::new("InvalidParameter", format!("`{what}` is not an object.")));
        };
        match object.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(unknown(&format!("{path}{name}"))),
            None => Ok(Self { object, path, flat }),
        }
    }

    fn get<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let value = self.object.get(name).filter(|value| !value.is_null());
        let wrong = || ApiError::new("InvalidParameter", format!("`{}{name}` is not {what}.", self.path));
        value.map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.get(name, "a string", Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        self.get(name, "an integer", |value| match value {
            Value::String(digits) if self.flat => digits.parse().ok(),
            value => value.as_u64(),
        })
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.get(name, "a boolean", |value| match value {
            Value::String(text) if self.flat => text.to_ascii_lowercase().parse().ok(),
            value => value.as_bool(),
        })
    }

    /// # Errors
    /// `MissingParameter` where it is absent or empty.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| missing(&format!("{}{name}", self.path)))
    }

    /// A list of strings; absent: empty.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let texts = self.get(name, "a list of strings", |value| {
            value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        })?;
        Ok(texts.unwrap_or_default())
    }

    pub(super) fn object(&self, name: &str, names: &[&str]) -> Result<Option<Self>, ApiError> {
        let value = self.get(name, "an object", Some)?;
        value.map(|value| Self::at(value, format!("{}{name}.", self.path), self.flat, names)).transpose()
    }

    /// A list of objects; absent: empty.
    pub(super) fn objects(&self, name: &str, names: &[&str]) -> Result<Vec<Self>, ApiError> {
        let list = self.get(name, "a list", Value::as_array)?.into_iter().flatten().enumerate();
        list.map(|(n, value)| Self::at(value, format!("{}{name}.{n}.", self.path), self.flat, names))
            .collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }
}

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The request is missing a required parameter `{name}`."))
}

fn unknown(name: &str) -> ApiError {
    ApiError::new("UnknownParameter", format!("The parameter `{name}` is not recognized."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(query: &str) -> Result<Value, String> {
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        Body::flat(pairs).map(|body| body.value).map_err(|error| error.code)
    }

    #[test]
    fn flat_names_are_the_objects_and_lists_they_stand_for() {
        let cases = [
            ("A=1&B.C=x", r#"{"A":"1","B":{"C":"x"}}"#),
            ("K.0=a&K.1=b", r#"{"K":["a","b"]}"#),
            ("K.1=a&K.10=c&K.2=b", r#"{"K":["a","b","c"]}"#),
            ("F.0.Name=n&F.0.Values.0=v&F.1.Name=m", r#"{"F":[{"Name":"n","Values":["v"]},{"Name":"m"}]}"#),
        ];
        for (query, json) in cases {
            assert_eq!(flat(query), Ok(serde_json::from_str(json).unwrap()), "{query}");
        }
        for (query, code) in [
            ("A=1&A.B=2", "InvalidParameter"),
            ("A.B=1&A=2", "InvalidParameter"),
            ("A=1&A=2", "InvalidParameter"),
            ("1.2.3.4.5.6.7.8.9=deep", "UnknownParameter"),
        ] {
            assert_eq!(flat(query), Err(code.to_owned()), "{query}");
        }
    }
}
