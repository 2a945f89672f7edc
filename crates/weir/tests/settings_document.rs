//! `docs/settings.md` is written from the tables of settings, and fails to be right when it differs.

#[path = "document/written.rs"]
mod written;

use weir::settings::{CHOICES, Choice, Key, TABLE, Unit};

const HEAD: &str = "\
# Settings

Written by `make docs` from the tables in `crates/weir/src/settings/table.rs` and `choice.rs` beside it.

Each can be set by its variable when Weir starts, and changed by a call while it runs. What was changed by a call wins
over the variable, and that over the default. A change acts at once, on channels that run and on requests that wait; a
connection to an engine that is being made keeps the time it was given.

";

const TAIL: &str = r#"
`vlc_user_agent` (what Weir calls itself towards engines) and `engine_variant` can only be read.

Three rules hold between settings: `hls_window_size` ≤ `hls_max_segments`, and `hls_initial_segments` ≤
`hls_max_initial_segments` ≤ `hls_max_segments`. Values that are allowed and hurt somebody are taken, and named in
`warnings`.

## Reading and changing

    curl http://HOST:8000/proxy/config
    curl -X POST -H "Authorization: Bearer $API_KEY" "http://HOST:8000/proxy/config?hls_window_size=8"
    curl -X POST -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \
         -d '{"hls_window_size": 8, "hls_max_segments": 30}' http://HOST:8000/proxy/config

A change names any number of settings and is made whole or not at all. It is answered when it is on the disk and in effect,
with all values as they are then. Numbers are JSON numbers; in parameters they are text. Words may be
in whatever letters.

Answers carry an `ETag`, the revision of the values. A change with `If-Match` is made only on those values, so that two
people do not undo each other's.

| answer | when |
| --- | --- |
| 200 | the change is made: `{"message": "Proxy configuration updated and persisted", ...}` |
| 400 | it cannot be made: `{"detail": "...", "errors": [{"field", "message", "value"}]}` with every mistake |
| 401, 403 | `API_KEY` is set and the token is missing or wrong; or the page of another site sent it |
| 408, 411, 413, 415 | the body did not come in time, has no length, is too large, is not said to be JSON |
| 412 | `If-Match` names other values than those of now |
| 500, 507 | the disk refused it, or is full: the old values stay |
| 503 | too many changes wait |

A value out of its range is answered with `<name> must be between <least> and <greatest>`, and ` seconds` where it is a time;
another word than there are, with `<name> must be either '<word>' or '<word>'`.

## What was changed, and back again

`GET /api/v1/settings` tells of each setting what it may be, what it is, and where that comes from: `saved`, `environment` or
`default`. `GET /api/v1/settings/history` lists the newest changes, at most 200: who made them (`api key`, or `anyone` where there is
none), when, and each value before and after.

    curl -X POST -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \
         -d '{"revision": 7}' http://HOST:8000/api/v1/settings/undo

takes change 7 back, whole or not at all. What was saved before it is saved again, and what was not is as the variable or the default
says. A change whose settings were changed again since is refused with 409, and the later ones are named. Taking back is a change,
too.

`GET /settings/export` gives all that was set by calls: settings, added engines, loop detection, and receivers of news, whose secrets are in it
with `?secrets=true` alone. `POST /settings/import` takes it, here or elsewhere: each part of the document replaces what is set of it, and a
document with one mistake changes nothing. When the disk fails midway, what was changed before is taken back, and the answer says whether all of it
could be. A receiver that is there already keeps its secret where none is given. Both need the key.

## The file

What was changed by calls is in `proxy_settings.json` in the data folder: one JSON object, with a `version` and the `history`. Edit it while Weir
is stopped. It is replaced as a whole, and the one before stays as `proxy_settings.json.bak`; delete both to go back to
variables and defaults.

No fault of the file stops the start. One that is empty, cut off or no object is put aside as `proxy_settings.json.damaged-1`
and so on, up to ten of them, and the one before is used. A single bad value, or two that contradict each other, are left
out, and a copy is kept. What a newer version wrote and this one does not know stays in the file. Each of these is a line in
the log.
"#;

fn row(key: &Key) -> String {
    let unit = match key.unit {
        Unit::Count => "",
        Unit::Seconds => " s",
        Unit::TargetDurations => " target durations",
    };
    let (name, variable, sentence) = (key.name, key.variable, key.sentence);
    let (default, min, max) = (key.default, key.min, key.max);
    format!("| `{name}` | `{variable}` | {default}{unit} | {min} to {max} | {sentence} |\n")
}

fn row_of_words(choice: &Choice) -> String {
    let (name, variable, sentence) = (choice.name, choice.variable, choice.sentence);
    let (default, words) = (choice.words[choice.default], choice.words.join(", "));
    format!("| `{name}` | `{variable}` | {default} | {words} | {sentence} |\n")
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| setting | variable | default | range | what it does |\n| --- | --- | --- | --- | --- |\n");
    text.extend(TABLE.iter().map(row));
    text.extend(CHOICES.iter().map(row_of_words));
    text.push_str(TAIL);
    text
}

#[test]
fn the_document_of_settings_says_what_the_table_says() {
    written::assert_is("settings.md", &document());
}
