//! A [`Notice`] as a Discord message. Adds no sentence; makes free text harmless; keeps every limit, because a message
//! that Discord refuses is one that nobody reads. Everything is said in `content`: embeds are not shown where people
//! have switched them off or the bot may not embed links.
//!
//! Source of the limits: "Message", "Component Reference" and "Allowed Mentions" of the reference, docs.discord.com.

mod pen;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};
use serenity::all::{ButtonStyle, RoleId, UserId};
use serenity::builder::{
    CreateActionRow, CreateAllowedMentions, CreateButton, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateMessage, EditMessage,
};

use self::pen::{line, plain, snowflake};
use crate::chat::Reply;
use crate::chat::fit::whole_lines;
use crate::domain::id::Principal;
use crate::domain::notice::{Button, Form, Notice, Span, Tone};

/// The text input of the form.
pub const TYPED: &str = "name";
/// Characters that may be typed there: more than any machine's name has.
const TYPED_MAX: usize = 200;

/// Characters of a message.
const CONTENT: usize = 2000;
/// Characters of a line. The first one and the last always fit together, and no name in the title can push out the
/// warnings below it.
const LINE: usize = 900;
const TITLE: usize = 250;
const ROWS: usize = 5;
const BUTTONS_A_ROW: usize = 5;
const BUTTON: usize = 80;
/// Ids in one list of those who are mentioned.
const MENTIONS: usize = 100;
const FORM_TITLE: usize = 45;
const FORM_LABEL: usize = 45;
const FORM_TEXT: usize = 100;

/// What an edit of a message takes: nobody hears it, and buttons that are gone are taken away.
///
/// `command` is the first command's name, without a slash.
pub fn message(notice: &Notice, command: &str) -> Value {
    let edit = EditMessage::new()
        .content(content(notice, command))
        .components(rows(notice))
        .allowed_mentions(CreateAllowedMentions::new());
    json(&edit)
}

/// A new message, which `heard` hear.
pub fn new_message(notice: &Notice, command: &str, heard: CreateAllowedMentions) -> CreateMessage {
    CreateMessage::new().content(content(notice, command)).components(rows(notice)).allowed_mentions(heard)
}

/// The people and roles that a notice is meant for, and nobody else, whatever its text says.
pub fn mentions(notice: &Notice) -> CreateAllowedMentions {
    let (mut users, mut roles) = (Vec::<UserId>::new(), Vec::<RoleId>::new());
    for span in notice.lines.iter().flat_map(|line| &line.spans) {
        let principal = match span {
            Span::Person(actor) => actor.principal(),
            Span::Principal(principal) => principal.clone(),
            Span::Text(_)
            | Span::Strong(_)
            | Span::Code(_)
            | Span::Command(_)
            | Span::Invite
            | Span::Time(_)
            | Span::Message { .. } => continue,
        };
        match principal {
            Principal::Discord(id) => users.extend(user(&id)),
            Principal::DiscordRole(id) => roles.extend(snowflake(&id).map(RoleId::from)),
            Principal::Slack(_) | Principal::SlackGroup(_) | Principal::Person(_) => {}
        }
    }
    CreateAllowedMentions::new().users(once_each(users)).roles(once_each(roles))
}

/// One person, if that is an id.
pub fn user(id: &str) -> Option<UserId> {
    snowflake(id).map(UserId::from)
}

/// Discord refuses a list that names somebody twice, or too many.
fn once_each<T: Ord>(mut ids: Vec<T>) -> Vec<T> {
    ids.sort();
    ids.dedup();
    ids.truncate(MENTIONS);
    ids
}

/// The answer to Discord's request. Always 200: what was wrong is said to the caller in words.
pub fn reply(reply: &Reply, command: &str) -> http::Response<Bytes> {
    let body = match reply {
        Reply::Pong => json!({ "type": 1 }),
        // The press was received; the message changes by itself.
        Reply::Silent => json!({ "type": 6 }),
        Reply::Private(notice) => json(&CreateInteractionResponse::Message(
            CreateInteractionResponseMessage::new()
                .content(content(notice, command))
                .components(rows(notice))
                .allowed_mentions(CreateAllowedMentions::new())
                .ephemeral(true),
        )),
        Reply::Form(form) => modal(form),
    };
    let mut response = http::Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A window with a labelled text input, which serenity has no builder for.
fn modal(form: &Form) -> Value {
    json!({
        "type": 9,
        "data": {
            "custom_id": form.value,
            "title": plain(&form.question.title, FORM_TITLE),
            "components": [{
                "type": 18,
                "label": plain(&form.field.label, FORM_LABEL),
                "description": plain(&form.question.body, FORM_TEXT),
                "component": {
                    "type": 4,
                    "custom_id": TYPED,
                    "style": 1,
                    "min_length": 1,
                    "max_length": TYPED_MAX,
                    "required": true,
                    "placeholder": plain(&form.field.expect, FORM_TEXT),
                },
            }],
        },
    })
}

/// Everything in words, cut by whole lines; the last one, which says where to look, is never what is cut.
fn content(notice: &Notice, command: &str) -> String {
    let room = |tone| if tone == Tone::Title { TITLE } else { LINE };
    let written = notice.lines.iter().map(|one| line(one, command, room(one.tone)));
    let mut lines: Vec<String> = written.filter(|line| !line.is_empty()).collect();
    let Some(last) = lines.pop() else { return String::new() };
    whole_lines(lines.into_iter(), &last, CONTENT)
}

fn rows(notice: &Notice) -> Vec<CreateActionRow> {
    let rows = notice.buttons.chunks(BUTTONS_A_ROW).take(ROWS);
    rows.map(|row| CreateActionRow::Buttons(row.iter().map(button).collect())).collect()
}

fn button(button: &Button) -> CreateButton {
    let style = if button.danger { ButtonStyle::Danger } else { ButtonStyle::Secondary };
    CreateButton::new(&button.value).label(plain(&button.label, BUTTON)).style(style)
}

/// What a builder holds, as it is sent.
pub(super) fn json(builder: &impl Serialize) -> Value {
    serde_json::to_value(builder).expect("a builder of texts, numbers and lists is JSON")
}
