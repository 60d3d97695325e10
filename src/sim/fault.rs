//! What can go wrong with one call, on order.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// One kind of trouble. `Display` is what `--fault` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this error code.
    Refuse(String),
    Throttle,
    Hang,
    DropBefore,
    AcceptThenDrop,
    AcceptThen5xx,
    AcceptThenHang,
    Truncate,
    Garble,
    Slow,
    Clock,
    FailAsync,
}

impl Fault {
    /// Every fault by its name, with a sentence for `--help`.
    pub const ALL: [(&'static str, &'static str); 12] = [
        ("refuse=CODE", "Tencent Cloud refuses with this error code"),
        ("throttle", "too many calls"),
        ("hang", "no answer, and nothing is begun"),
        ("drop-before", "the connection closes before anything is begun"),
        ("accept-then-drop", "the reset begins and its answer is lost"),
        ("accept-then-5xx", "the reset begins and the answer is an HTTP 502"),
        ("accept-then-hang", "the reset begins and no answer comes"),
        ("truncate", "the reset begins and half of the answer arrives"),
        ("garble", "the reset begins and the answer is no JSON"),
        ("slow", "the reset takes twelve minutes"),
        ("clock", "the cloud's clock is ten minutes ahead"),
        ("fail-async", "the reset begins and fails"),
    ];
}

/// A name that is no fault's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fault; there are {list}", list = Fault::ALL.map(|(name, _)| name).join(", "))]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        match text.split_once('=').unwrap_or((text, "")) {
            ("refuse", code) if !code.is_empty() => Ok(Self::Refuse(code.to_owned())),
            ("throttle", "") => Ok(Self::Throttle),
            ("hang", "") => Ok(Self::Hang),
            ("drop-before", "") => Ok(Self::DropBefore),
            ("accept-then-drop", "") => Ok(Self::AcceptThenDrop),
            ("accept-then-5xx", "") => Ok(Self::AcceptThen5xx),
            ("accept-then-hang", "") => Ok(Self::AcceptThenHang),
            ("truncate", "") => Ok(Self::Truncate),
            ("garble", "") => Ok(Self::Garble),
            ("slow", "") => Ok(Self::Slow),
            ("clock", "") => Ok(Self::Clock),
            ("fail-async", "") => Ok(Self::FailAsync),
            _ => Err(UnknownFault(text.to_owned())),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse(code) => return write!(f, "refuse={code}"),
            Self::Throttle => "throttle",
            Self::Hang => "hang",
            Self::DropBefore => "drop-before",
            Self::AcceptThenDrop => "accept-then-drop",
            Self::AcceptThen5xx => "accept-then-5xx",
            Self::AcceptThenHang => "accept-then-hang",
            Self::Truncate => "truncate",
            Self::Garble => "garble",
            Self::Slow => "slow",
            Self::Clock => "clock",
            Self::FailAsync => "fail-async",
        })
    }
}

/// Trouble for the next `times` calls that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    pub fault: Fault,
    /// Absent: whichever.
    pub action: Option<String>,
    /// Absent: wherever.
    pub region: Option<String>,
    pub times: u32,
}

impl Armed {
    fn meets(&self, action: &str, region: &str) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        fits(&self.action, action) && fits(&self.region, region)
    }
}

/// The faults still to come, in the order in which they were armed.
#[derive(Debug, Clone, Default)]
pub struct Faults(VecDeque<Armed>);

impl Faults {
    pub fn arm(&mut self, armed: Armed) {
        if armed.times > 0 {
            self.0.push_back(armed);
        }
    }

    /// The trouble that this call of `action` in `region` meets.
    pub fn take(&mut self, action: &str, region: &str) -> Option<Fault> {
        let index = self.0.iter().position(|armed| armed.meets(action, region))?;
        let armed = &mut self.0[index];
        armed.times -= 1;
        let fault = armed.fault.clone();
        if armed.times == 0 {
            self.0.remove(index);
        }
        Some(fault)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Armed> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_in_the_help_parses_and_prints_back() {
        for (name, _) in Fault::ALL {
            let name = name.replace("CODE", "InvalidInstance.NotSupported");
            assert_eq!(name.parse::<Fault>().map(|kind| kind.to_string()), Ok(name));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_list() {
        for bad in ["", "refuse", "refuse=", "hang=5", "HANG", "drop"] {
            assert_eq!(bad.parse::<Fault>(), Err(UnknownFault(bad.to_owned())));
        }
        insta::assert_snapshot!("drop".parse::<Fault>().unwrap_err(), @"`drop` is not a fault; there are refuse=CODE, throttle, hang, drop-before, accept-then-drop, accept-then-5xx, accept-then-hang, truncate, garble, slow, clock, fail-async");
    }

    fn armed(fault: Fault, action: Option<&str>, region: Option<&str>, times: u32) -> Armed {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Armed { fault, action: owned(action), region: owned(region), times }
    }

    #[test]
    fn a_fault_meets_its_action_as_often_as_ordered() {
        let mut faults = Faults::default();
        faults.arm(armed(Fault::Throttle, Some("DescribeInstances"), None, 2));
        faults.arm(armed(Fault::Hang, Some("DescribeInstances"), None, 0));
        faults.arm(armed(Fault::Slow, Some("ResetInstance"), None, 1));
        let mut take = |action: &str| faults.take(action, "ap-guangzhou");
        assert_eq!(take("DescribeImages"), None);
        assert_eq!(take("ResetInstance"), Some(Fault::Slow));
        assert_eq!(take("ResetInstance"), None);
        let met: Vec<_> = (0..3).map(|_| take("DescribeInstances")).collect();
        assert_eq!(met, [Some(Fault::Throttle), Some(Fault::Throttle), None]);
    }

    #[test]
    fn a_fault_of_a_region_meets_whatever_is_called_there() {
        let mut faults = Faults::default();
        faults.arm(armed(Fault::Hang, None, Some("ap-hongkong"), 2));
        assert_eq!(faults.take("DescribeImages", "ap-guangzhou"), None);
        assert_eq!(faults.take("DescribeImages", "ap-hongkong"), Some(Fault::Hang));
        assert_eq!(faults.take("ResetInstance", "ap-hongkong"), Some(Fault::Hang));
        assert_eq!(faults.take("ResetInstance", "ap-hongkong"), None);
    }
}
