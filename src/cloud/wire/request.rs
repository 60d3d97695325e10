//! What CVM is asked, as API 3.0's JSON; the legacy API takes the same, flattened.

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::cloud::Unwritten;
use crate::domain::id::{ImageId, InstanceId, KeyId};
use crate::domain::plan::{LoginOrder, ResetOrder};

pub fn describe_instance(instance: &InstanceId) -> Value {
    json!({ "InstanceIds": [instance.as_str()] })
}

pub fn describe_image(image: &ImageId) -> Value {
    json!({ "ImageIds": [image.as_str()] })
}

/// Only what was asked for: a field that is not sent keeps its documented default.
///
/// # Errors
/// When `unwritten` lacks what the order names: without it another reset would be sent than was approved.
pub fn reset_instance(order: &ResetOrder, unwritten: &Unwritten) -> Result<Value, &'static str> {
    let mut body = written(order);
    if let LoginOrder::Vault(_) = &order.login {
        let password = unwritten.password.as_ref().ok_or("its password was not made")?;
        body.insert("LoginSettings".to_owned(), json!({ "Password": password.expose() }));
    }
    if let Some(userdata) = &order.userdata {
        let text = unwritten.text.as_ref().filter(|text| text.userdata == *userdata);
        let text = text.ok_or("its userdata text was not read")?;
        body.insert("UserData".to_owned(), text.encoded.expose_secret().into());
    }
    if let Some(name) = &order.hostname {
        body.insert("HostName".to_owned(), name.as_str().into());
    }
    Ok(body.into())
}

/// As [`reset_instance`], but for the host name, which is not taken here, and for what is written nowhere: a price
/// is the same with it.
pub fn inquiry_price_reset_instance(order: &ResetOrder) -> Value {
    written(order).into()
}

/// What both calls take and the plan holds.
fn written(order: &ResetOrder) -> Map<String, Value> {
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
        LoginOrder::Random | LoginOrder::Vault(_) => {}
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
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::password::Password;
    use crate::domain::plan::{Secret, Text};

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
            userdata: None,
        }
    }

    fn vault() -> LoginOrder {
        LoginOrder::Vault(Secret { name: "login/one".to_owned(), read: "cat login/one".to_owned() })
    }

    fn sent(order: &ResetOrder) -> Value {
        reset_instance(order, &Unwritten::default()).unwrap()
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        insta::assert_snapshot!(sent(&order()), @r#"{"EnhancedService":{"AutomationService":{"Enabled":false},"SecurityService":{"Enabled":true}},"HostName":"web-7","ImageId":"img-pmqg1cw7","InstanceId":"ins-r8hr2upy","LoginSettings":{"KeyIds":["skey-8xk2p1qa"]},"SystemDisk":{"DiskSize":60}}"#);
        let bare = ResetOrder {
            image: None,
            disk_gb: None,
            login: LoginOrder::Random,
            hostname: None,
            security: None,
            automation: None,
            ..order()
        };
        assert_eq!(sent(&bare), json!({ "InstanceId": "ins-r8hr2upy" }));
        let keep = ResetOrder { login: LoginOrder::KeepImage, ..bare };
        assert_eq!(sent(&keep)["LoginSettings"], json!({ "KeepImageLogin": "TRUE" }));
    }

    #[test]
    fn without_what_is_written_nowhere_nothing_is_sent() {
        let text = |bytes: &[u8]| Text::of("base", bytes).ok();
        let approved = text(b"one").map(|text| text.userdata);
        let password = Some(Password::of(&[7; 240]));
        let with_password = ResetOrder { login: vault(), ..order() };
        let with_text = ResetOrder { userdata: approved, ..order() };
        let none = Unwritten::default();
        let other = Unwritten { text: text(b"two"), password: None };
        assert_eq!(reset_instance(&with_password, &none), Err("its password was not made"));
        for lacking in [none, other] {
            assert_eq!(reset_instance(&with_text, &lacking), Err("its userdata text was not read"));
        }
        let all = Unwritten { text: text(b"one"), password };
        assert_eq!(reset_instance(&with_text, &all).unwrap()["UserData"], "b25l");
        assert_eq!(
            sent(&order()),
            reset_instance(&order(), &all).unwrap(),
            "what was not approved is not sent"
        );
    }

    #[test]
    fn a_price_is_asked_for_the_same_reset_without_its_secrets() {
        let mut same = sent(&order());
        same.as_object_mut().unwrap().remove("HostName");
        assert_eq!(inquiry_price_reset_instance(&order()), same);
        let userdata = Text::of("base", b"one").map(|text| text.userdata).ok();
        let secret = ResetOrder { login: vault(), userdata, ..order() };
        same.as_object_mut().unwrap().remove("LoginSettings");
        assert_eq!(inquiry_price_reset_instance(&secret), same);
    }
}
