//! API keys: who may call, and what.

use jiff::Timestamp;
use serde::Deserialize;

use super::Instance;
use crate::sim::cast;

/// One API key of the account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    pub secret_id: String,
    pub secret_key: String,
    /// Makes it a temporary credential, which holds with this token only.
    #[serde(default)]
    pub token: Option<String>,
    /// From when on the token holds no longer, in fleet time.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// What it may call: `cvm:ResetInstance`, `cvm:Describe*`, `*`.
    #[serde(default = "everything")]
    pub may: Vec<String>,
    /// What it may reset: instance ids, `tag:cleanslate=allowed`, `*`.
    #[serde(default = "everything")]
    pub targets: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// The keys of a fleet file that names none.
pub(super) fn default_keys() -> Vec<ApiKey> {
    vec![ApiKey {
        secret_id: cast::TENCENT_SECRET_ID.to_owned(),
        secret_key: cast::TENCENT_SECRET_KEY.to_owned(),
        token: None,
        expires: None,
        may: everything(),
        targets: everything(),
    }]
}

/// Without its secrets.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secret_id, may, targets, .. } = self;
        f.debug_struct("ApiKey")
            .field("secret_id", secret_id)
            .field("may", may)
            .field("targets", targets)
            .finish_non_exhaustive()
    }
}

impl ApiKey {
    /// Whether it may call `action` of `product`.
    pub fn may_call(&self, product: &str, action: &str) -> bool {
        let call = format!("{product}:{action}");
        self.may.iter().any(|may| match may.strip_suffix('*') {
            Some(beginning) => call.starts_with(beginning),
            None => call == *may,
        })
    }

    /// Whether it may reset the instance of this id; `known` is that instance, where there is one.
    pub fn may_reset(&self, id: &str, known: Option<&Instance>) -> bool {
        self.targets.iter().any(|target| match target.strip_prefix("tag:") {
            Some(tag) => known.is_some_and(|one| {
                tag.split_once('=')
                    .is_some_and(|(key, value)| one.tags.get(key).is_some_and(|has| has == value))
            }),
            None => target == "*" || target == id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(toml: &str) -> ApiKey {
        toml::from_str(&format!("secret_id = \"i\"\nsecret_key = \"hidden\"\n{toml}")).unwrap()
    }

    #[test]
    fn a_key_may_what_it_names_and_no_more() {
        let reads = key("may = [\"cvm:Describe*\", \"cbs:DescribeDisks\"]");
        assert!(reads.may_call("cvm", "DescribeInstances") && reads.may_call("cbs", "DescribeDisks"));
        assert!(!reads.may_call("cvm", "ResetInstance") && !reads.may_call("cbs", "DescribeSnapshots"));
        assert!(key("").may_call("sts", "GetCallerIdentity"));
    }

    #[test]
    fn a_key_resets_what_it_names_by_id_or_tag() {
        let mut one = Instance { id: "ins-r8hr2upy".to_owned(), ..Instance::default() };
        one.tags.insert("env".to_owned(), "prod".to_owned());
        let cases = [("*", true), ("ins-r8hr2upy", true), ("tag:env=prod", true), ("tag:env=test", false)];
        for (target, may) in cases {
            let key = key(&format!("targets = [\"{target}\"]"));
            assert_eq!(key.may_reset(&one.id, Some(&one)), may, "{target}");
        }
        assert!(!key("targets = [\"tag:env=prod\"]").may_reset("ins-00000000", None));
    }

    #[test]
    fn a_key_does_not_print_its_secrets() {
        let shown = format!("{:?}", key("token = \"hidden\""));
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
