//! A password that every documented rule accepts, for Linux and Windows alike.

use secrecy::{ExposeSecret as _, SecretString};

/// The rules of `LoginSettings` and of `ResetInstancesPassword` allow 30 characters, those of the legacy API 16.
const LENGTH: usize = 16;
/// No vowels, so that no word and no user name can come out; nothing that looks like something else.
const LOWER: &[u8] = b"bcdfghjkmnpqrstvwxyz";
const UPPER: &[u8] = b"BCDFGHJKMNPQRSTVWXYZ";
const DIGITS: &[u8] = b"23456789";
/// Of the characters that every page allows, those that mean nothing at the beginning of a value.
const SPECIAL: &[u8] = b"!#%^*-+=.?";
/// Choices that one password takes: its characters, then the order of all but the first.
const CHOICES: usize = LENGTH + LENGTH - 2;

/// Random bytes that one password is made of: eight for each choice, so that none is noticeably likelier.
pub type Noise = [u8; CHOICES * 8];

/// The password of one reset. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// The password that follows from `noise`. It begins with a letter and holds every kind of character.
    pub fn of(noise: &Noise) -> Self {
        let mut choices = noise
            .chunks_exact(8)
            .map(|chunk| chunk.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)));
        let mut below = |limit: usize| {
            let choice = choices.next().unwrap_or_default() % limit as u64;
            usize::try_from(choice).unwrap_or_default()
        };
        let mut pick = |kinds: &[&[u8]]| {
            let all = kinds.concat();
            char::from(all[below(all.len())])
        };
        let mut text = vec![pick(&[LOWER, UPPER])];
        text.extend([LOWER, UPPER, DIGITS, SPECIAL].map(|kind| pick(&[kind])));
        text.resize_with(LENGTH, || pick(&[LOWER, UPPER, DIGITS, SPECIAL]));
        for last in (2..LENGTH).rev() {
            text.swap(last, 1 + below(last));
        }
        Self(text.into_iter().collect::<String>().into())
    }

    /// `text`, where it is a password of ours: what somebody else put in its place is not sent.
    pub fn parse(text: &str) -> Option<Self> {
        let kinds = [LOWER, UPPER, DIGITS, SPECIAL];
        let ours = text.len() == LENGTH
            && text.bytes().all(|b| kinds.iter().any(|kind| kind.contains(&b)))
            && kinds.iter().all(|kind| text.bytes().any(|b| kind.contains(&b)))
            && text.starts_with(|c: char| c.is_ascii_alphabetic());
        ours.then(|| Self(text.to_owned().into()))
    }

    /// To be stored or sent, and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The kinds of character that the pages count, and what else they allow.
    fn kinds(text: &str) -> usize {
        let special = "()`~!@#$%^&*-+=|{}[]:;',.?/";
        let kinds: [&dyn Fn(char) -> bool; 4] =
            [&|c| c.is_ascii_lowercase(), &|c| c.is_ascii_uppercase(), &|c| c.is_ascii_digit(), &|c| {
                special.contains(c)
            }];
        assert!(text.chars().all(|c| kinds.iter().any(|kind| kind(c))), "{text}");
        kinds.iter().filter(|kind| text.chars().any(**kind)).count()
    }

    proptest! {
        #[test]
        fn every_page_accepts_it(noise in prop::collection::vec(any::<u8>(), CHOICES * 8)) {
            let password = Password::of(noise.as_slice().try_into().unwrap());
            let text = password.expose();
            // Linux 8 to 30 and Windows 12 to 30 today; 16 at most on the legacy page. Three kinds of four on Windows.
            prop_assert!((12..=16).contains(&text.len()));
            prop_assert_eq!(kinds(text), 4);
            // No `/` first; no `@` first, which the legacy API's own client leaves out.
            prop_assert!(text.starts_with(|c: char| c.is_ascii_alphabetic()));
            for name in ["root", "admin", "administrator", "ubuntu"] {
                prop_assert!(!text.to_lowercase().contains(name));
            }
            prop_assert!(!text.contains(['0', 'O', 'o', '1', 'I', 'i', 'l', '|']));
            prop_assert!(Password::parse(text).is_some_and(|read| read.expose() == text));
        }
    }

    #[test]
    fn it_follows_from_the_noise_alone_and_uses_all_of_it() {
        let mut noise: Noise = [0; CHOICES * 8];
        for (at, byte) in noise.iter_mut().enumerate() {
            *byte = u8::try_from(at * 37 % 251).unwrap();
        }
        let text = |noise: &Noise| Password::of(noise).expose().to_owned();
        insta::assert_snapshot!(text(&noise), @"bzyx^3Yn89t7jX3!");
        for choice in 0..CHOICES {
            let mut other = noise;
            other[choice * 8 + 7] ^= 1;
            assert_ne!(text(&other), text(&noise), "choice {choice}");
        }
    }

    #[test]
    fn it_is_not_shown_and_nothing_else_is_taken_for_one() {
        let password = Password::of(&[7; CHOICES * 8]);
        assert!(!format!("{password:?}").contains(password.expose()));
        for text in
            ["", "hunter2", "bcdfBCDF2345!#%", "2cdfBCDF2345!#%^", "bcdfBCDF23456789", "bcdfBCDF2345!#% "]
        {
            assert!(Password::parse(text).is_none(), "{text}");
        }
    }
}
