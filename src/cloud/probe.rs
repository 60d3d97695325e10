//! Whether the cloud answers a key at all: harmless calls, for `check --online`.

use serde_json::json;

use super::client::{Client, Purpose, understood};
use super::wire::action;
use super::wire::call::Signing;
use super::{Answer, CloudError};

impl Client {
    /// Whether `DescribeInstances` is answered in a region, whatever is there. A refusal tells the cloud's time too.
    pub async fn probe(&self, purpose: Purpose, region: &str) -> Answer<Result<(), CloudError>> {
        let credentials = match self.keys(purpose).await {
            Ok(credentials) => credentials,
            Err(why) => return Answer { date: None, value: Err(why) },
        };
        let one = json!({ "Limit": 1 });
        let answer = understood(self.ask(&credentials, (action::DESCRIBE_INSTANCES, region), &one).await);
        Answer { date: answer.date, value: answer.value.map(drop) }
    }

    /// The uin of the account that a key belongs to.
    ///
    /// # Errors
    /// When the cloud does not say it; the legacy API is not asked.
    pub async fn account(&self, purpose: Purpose, region: &str) -> Result<String, CloudError> {
        match self.signing() {
            Signing::Tc3 => {}
            Signing::V1(_) => return Err(CloudError::Unserved("the legacy API is not asked for accounts")),
        }
        let credentials = self.keys(purpose).await?;
        let call = (action::GET_CALLER_IDENTITY, region);
        let said = understood(self.ask(&credentials, call, &json!({})).await).value?;
        let account = said["AccountId"].as_str().filter(|account| !account.is_empty());
        let account = account.ok_or_else(|| CloudError::Unclear("the answer had no account".to_owned()))?;
        Ok(account.chars().take(ACCOUNT_MAX).collect())
    }
}

/// Longest uin that is told on, in characters.
const ACCOUNT_MAX: usize = 32;
