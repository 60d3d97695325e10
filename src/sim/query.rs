//! Questions: by ids or by filters, a page at a time. The describing calls of every product ask alike.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::fleet::Fleet;
use super::params::Params;

/// Most ids in one call, and most results in one answer.
const MAX_IDS: usize = 100;
const MAX_FILTERS: usize = 10;
const MAX_FILTER_VALUES: usize = 5;

/// What the describing calls share: ids or filters, and a page.
pub(super) struct Query {
    ids: Vec<String>,
    filters: Vec<(String, Vec<String>)>,
    offset: usize,
    limit: usize,
}

impl Query {
    /// `ids`: the name of the list of ids, how an id begins, and the code for one that does not.
    ///
    /// # Errors
    /// Too much of something, both ids and filters, or a malformed id.
    pub(super) fn read(
        params: &Params<'_>,
        (ids_name, prefix, code): (&str, &str, &str),
    ) -> Result<Self, ApiError> {
        if params.has(ids_name) && params.has("Filters") {
            let why = format!("`{ids_name}` and `Filters` cannot be specified at the same time.");
            return Err(ApiError::new("InvalidParameter", why));
        }
        let ids = params.texts(ids_name)?;
        if ids.len() > MAX_IDS {
            let why = format!("`{ids_name}` holds at most {MAX_IDS}.");
            return Err(ApiError::new("InvalidParameterValue.LimitExceeded", why));
        }
        if let Some(id) = ids.iter().find(|id| !Fleet::is_id(id, prefix)) {
            return Err(ApiError::new(code, format!("The id `{id}` is malformed.")));
        }
        let limit = params.number("Limit")?.unwrap_or(20);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=MAX_IDS).contains(limit));
        let limit = limit.ok_or_else(|| {
            ApiError::new("InvalidParameterValue.Range", format!("`Limit` is 1 to {MAX_IDS}."))
        })?;
        let offset = usize::try_from(params.number("Offset")?.unwrap_or(0)).unwrap_or(usize::MAX);
        Ok(Self { ids, filters: filters(params)?, offset, limit })
    }

    /// Those of `all` that are asked for. Values of one filter are joined by or, filters by and. `field` gives what a
    /// thing has under a filter's name.
    ///
    /// # Errors
    /// `InvalidFilter`.
    pub(super) fn select<'a, T: Default + 'a>(
        &self,
        all: impl Iterator<Item = &'a T>,
        id: fn(&T) -> &String,
        field: fn(&T, &str) -> Option<Vec<String>>,
    ) -> Result<Vec<&'a T>, ApiError> {
        let example = T::default();
        if let Some((name, _)) = self.filters.iter().find(|(name, _)| field(&example, name).is_none()) {
            return Err(ApiError::new("InvalidFilter", format!("The filter `{name}` is not supported.")));
        }
        let passes = |one: &T| {
            self.filters.iter().all(|(name, values)| {
                let has = field(one, name).unwrap_or_default();
                values.iter().any(|value| has.contains(value))
            })
        };
        let wants = |one: &T| self.ids.is_empty() || self.ids.contains(id(one));
        Ok(all.filter(|one| wants(one) && passes(one)).collect())
    }

    /// The page that is asked for, under the name `set`, and how many there are in all.
    pub(super) fn page<T>(&self, set: &str, found: Vec<T>, show: impl Fn(T) -> Value) -> Map<String, Value> {
        let total = found.len();
        let page: Vec<Value> = found.into_iter().skip(self.offset).take(self.limit).map(show).collect();
        Map::from_iter([("TotalCount".to_owned(), json!(total)), (set.to_owned(), json!(page))])
    }
}

fn filters(params: &Params<'_>) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    let filters = params.objects("Filters", &["Name", "Values"])?;
    if filters.len() > MAX_FILTERS {
        return Err(ApiError::new("InvalidFilterValue.LimitExceeded", "`Filters` holds at most 10."));
    }
    let mut read = Vec::new();
    for filter in filters {
        let values = filter.texts("Values")?;
        if values.len() > MAX_FILTER_VALUES {
            return Err(ApiError::new("InvalidFilterValue.LimitExceeded", "`Values` holds at most 5."));
        }
        read.push((filter.required("Name")?.to_owned(), values));
    }
    Ok(read)
}
