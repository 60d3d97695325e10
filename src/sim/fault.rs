//! What can go wrong with one call.

use std::fmt;
use std::str::FromStr;

/// One fault. `Display` is what `--fault` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this error; nothing is begun.
    Refuse(String),
    Throttle,
    /// Holds the connection open and does nothing.
    Hang,
    /// Closes the connection before anything is begun.
    DropBefore,
    /// Begins the reset and closes the connection without an answer.
    AcceptThenDrop,
    AcceptThen5xx,
    /// Begins the reset and holds the connection open.
    AcceptThenHang,
    /// Begins the reset and answers with half of the JSON.
    Truncate,
    /// Begins the reset and answers with something that is no JSON.
    Garble,
    /// The reset takes twelve minutes.
    Slow,
    /// The cloud's clock is ten minutes ahead.
    Clock,
    /// The reset begins, and ends as FAILED.
    FailAsync,
}

impl Fault {
    /// Each fault, with a sentence for `--help`.
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse(code) => write!(f, "refuse={code}"),
            Self::Throttle => f.write_str("throttle"),
            Self::Hang => f.write_str("hang"),
            Self::DropBefore => f.write_str("drop-before"),
            Self::AcceptThenDrop => f.write_str("accept-then-drop"),
            Self::AcceptThen5xx => f.write_str("accept-then-5xx"),
            Self::AcceptThenHang => f.write_str("accept-then-hang"),
            Self::Truncate => f.write_str("truncate"),
            Self::Garble => f.write_str("garble"),
            Self::Slow => f.write_str("slow"),
            Self::Clock => f.write_str("clock"),
            Self::FailAsync => f.write_str("fail-async"),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(code) = text.strip_prefix("refuse=")
            && !code.is_empty()
        {
            return Ok(Self::Refuse(code.to_owned()));
        }
        let plain = [
            Self::Throttle,
            Self::Hang,
            Self::DropBefore,
            Self::AcceptThenDrop,
            Self::AcceptThen5xx,
            Self::AcceptThenHang,
            Self::Truncate,
            Self::Garble,
            Self::Slow,
            Self::Clock,
            Self::FailAsync,
        ];
        plain.into_iter().find(|fault| fault.to_string() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("there is no fault `{text}`; there are: {}", names.join(", "))
        })
    }
}
