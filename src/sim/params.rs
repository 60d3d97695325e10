//! Reading the JSON parameters of a call as strictly as the API does: an unknown name is an error, a wrong type too.

use serde_json::{Map, Value};

use super::error::ApiError;

/// The parameters in one JSON object. `null` counts as absent.
pub(super) struct Params<'a> {
    object: &'a Map<String, Value>,
    /// `SystemDisk.`; empty at the top.
    path: String,
}

impl<'a> Params<'a> {
    /// # Errors
    /// `InvalidParameter` when the body is not an object, `UnknownParameter` when it has a name outside `names`.
    pub(super) fn new(body: &'a Value, names: &[&str]) -> Result<Self, ApiError> {
        Self::at(body, String::new(), names)
    }

    fn at(value: &'a Value, path: String, names: &[&str]) -> Result<Self, ApiError> {
        let Value::Object(object) = value else {
            let what = if path.is_empty() { "body" } else { path.trim_end_matches('.') };
            return Err(ApiError::new("InvalidParameter", format!("`{what}` is not an object.")));
        };
        match object.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(ApiError::new(
                "UnknownParameter",
                format!("The parameter `{path}{name}` is not recognized."),
            )),
            None => Ok(Self { object, path }),
        }
    }

    fn get<T>(
        &self,
        name: &str,
        what: &str,
        read: fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let value = self.object.get(name).filter(|value| !value.is_null());
        let wrong = || ApiError::new("InvalidParameter", format!("`{}{name}` is not {what}.", self.path));
        value.map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.get(name, "a string", Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        self.get(name, "an integer", Value::as_u64)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.get(name, "a boolean", Value::as_bool)
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
        value.map(|value| Self::at(value, format!("{}{name}.", self.path), names)).transpose()
    }

    /// A list of objects; absent: empty.
    pub(super) fn objects(&self, name: &str, names: &[&str]) -> Result<Vec<Self>, ApiError> {
        let list = self.get(name, "a list", Value::as_array)?.into_iter().flatten().enumerate();
        list.map(|(n, value)| Self::at(value, format!("{}{name}.{n}.", self.path), names)).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }
}

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The request is missing a required parameter `{name}`."))
}
