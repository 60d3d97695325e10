//! Making text fit: both platforms refuse a message that is too long, and count characters, not bytes.

/// Where something was left out.
pub(super) const CUT: &str = "\u{2026}";

pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// `text` with each character, of which the place is given too, as `shown` has it, in at most `room` characters: cut
/// between characters of the original, so that no escape is ever broken, and marked where it was cut. Says whether it
/// was.
pub(super) fn clip(text: &str, room: usize, shown: impl Fn(usize, char) -> String) -> (String, bool) {
    let mut out = String::new();
    let (mut used, mut cut_at) = (0, 0);
    for (at, c) in text.char_indices() {
        let shown = shown(at, c);
        used += length(&shown);
        if used > room {
            out.truncate(cut_at);
            if room > 0 {
                out.push_str(CUT);
            }
            return (out, true);
        }
        out.push_str(&shown);
        if used < room {
            cut_at = out.len();
        }
    }
    (out, false)
}

/// `lines`, cut by whole ones and marked where they were, then `last`, which is never what is cut: at most `room`
/// characters in all.
pub(super) fn whole_lines(lines: impl Iterator<Item = String>, last: &str, room: usize) -> String {
    // Two line breaks and the mark of a cut.
    let room = room - length(last) - 3;
    let mut text = String::new();
    for line in lines {
        if length(&text) + 1 + length(&line) > room {
            push_line(&mut text, CUT);
            break;
        }
        push_line(&mut text, &line);
    }
    push_line(&mut text, last);
    text
}

pub(super) fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}
