//! What CVM is asked, as API 3.0's JSON; the legacy API takes the same, flattened.

use serde_json::{Map, Value, json};

use crate::domain::id::{ImageId, InstanceId, KeyId};
use crate::domain::plan::{LoginOrder, ResetOrder};

pub fn describe_instance(instance: &InstanceId) -> Value {
    json!({ "InstanceIds": [instance.as_str()] })
}

pub fn describe_image(image: &ImageId) -> Value {
    json!({ "ImageIds": [image.as_str()] })
}

/// Only what was asked for: a field that is not sent keeps its documented default.
pub fn reset_instance(order: &ResetOrder) -> Value {
    let mut body = Map::new();
    body.insert("InstanceId".to_owned(), order.instance.as_str().into());
    if let Some(image) = &order.image {
        body.insert("ImageId".to_owned(), image.as_str().into());
    }
    if let Some(size) = order.disk_gb {
        body.insert("SystemDisk".to_owned(), json!({ "DiskSize": size }));
    }
    match &order.login {
        LoginOrder::Keys(keys) => {
            let keys: Vec<&str> = keys.iter().map(KeyId::as_str).collect();
            body.insert("LoginSettings".to_owned(), json!({ "KeyIds": keys }));
        }
        LoginOrder::KeepImage => {
            body.insert("LoginSettings".to_owned(), json!({ "KeepImageLogin": "TRUE" }));
        }
        LoginOrder::Random => {}
    }
    let services = [
        ("SecurityService", order.security),
        ("MonitorService", order.monitor),
        ("AutomationService", order.automation),
    ];
    let enhanced: Map<String, Value> = services
        .into_iter()
        .filter_map(|(name, on)| on.map(|on| (name.to_owned(), json!({ "Enabled": on }))))
        .collect();
    if !enhanced.is_empty() {
        body.insert("EnhancedService".to_owned(), enhanced.into());
    }
    if let Some(name) = &order.hostname {
        body.insert("HostName".to_owned(), name.as_str().into());
    }
    body.into()
}

/// As [`reset_instance`], but for the host name, which is not taken here.
pub fn inquiry_price_reset_instance(order: &ResetOrder) -> Value {
    reset_instance(&ResetOrder { hostname: None, ..order.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> ResetOrder {
        ResetOrder {
            region: "ap-guangzhou".to_owned(),
            instance: "ins-r8hr2upy".parse().unwrap(),
            image: "img-pmqg1cw7".parse().ok(),
            disk_gb: Some(60),
            login: LoginOrder::Keys(vec!["skey-8xk2p1qa".parse().unwrap()]),
            hostname: Some("web-7".to_owned()),
            security: Some(true),
            monitor: None,
            automation: Some(false),
        }
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        insta::assert_snapshot!(reset_instance(&order()), @r#"{"EnhancedService":{"AutomationService":{"Enabled":false},"SecurityService":{"Enabled":true}},"HostName":"web-7","ImageId":"img-pmqg1cw7","InstanceId":"ins-r8hr2upy","LoginSettings":{"KeyIds":["skey-8xk2p1qa"]},"SystemDisk":{"DiskSize":60}}"#);
        let bare = ResetOrder {
            image: None,
            disk_gb: None,
            login: LoginOrder::Random,
            hostname: None,
            security: None,
            automation: None,
            ..order()
        };
        assert_eq!(reset_instance(&bare), json!({ "InstanceId": "ins-r8hr2upy" }));
        let keep = ResetOrder { login: LoginOrder::KeepImage, ..bare };
        assert_eq!(reset_instance(&keep)["LoginSettings"], json!({ "KeepImageLogin": "TRUE" }));
    }

    #[test]
    fn a_price_is_asked_for_the_same_reset() {
        let mut same = reset_instance(&order());
        same.as_object_mut().unwrap().remove("HostName");
        assert_eq!(inquiry_price_reset_instance(&order()), same);
    }
}
