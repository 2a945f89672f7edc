//! JSON as the engine writes it: compact, keys in no order, and sometimes wrong.

use serde_json::{Value, json};

use crate::fault::Malformed;
use crate::random::Random;
use crate::reply::Reply;

/// An object whose keys keep the order that they were given.
pub(super) type Fields = Vec<(String, Value)>;

/// Fields from names and values.
pub(super) fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Compact text of an object, with its keys in the order of the seed.
pub(super) fn object(fields: &Fields, random: &mut Random) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    random.shuffle(&mut fields);
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// The envelope of a session endpoint that succeeded.
pub(super) fn succeeded(response: &str) -> Reply {
    Reply::json(format!("{{\"response\":{response},\"error\":null}}"))
}

/// The envelope of a session endpoint that failed, with status 200 as ever.
pub(super) fn failed(error: &str) -> Reply {
    Reply::json(format!("{{\"response\":null,\"error\":{}}}", json!(error)))
}

/// Such an envelope with details, which are JSON text.
pub(super) fn failed_with(error: &str, extra: &str) -> Reply {
    let error = json!(error);
    Reply::json(format!(
        "{{\"response\":null,\"error\":{error},\"extra_data\":{extra}}}"
    ))
}

/// The envelope around `fields`, with what is wrong about it.
pub(super) fn answer(mut fields: Fields, wrong: Option<&Malformed>, random: &mut Random) -> Reply {
    match wrong {
        Some(Malformed::Html) => {
            return Reply::whole("text/html", "<html><body>Bad gateway</body></html>");
        }
        Some(Malformed::Empty) => return Reply::json(String::new()),
        Some(Malformed::EmptyResponse) => return succeeded("{}"),
        Some(Malformed::Truncated) => {
            let text = object(&fields, random);
            return Reply::json(format!("{{\"response\":{}", &text[..text.len() / 2]));
        }
        Some(kind) => spoil(&mut fields, kind),
        None => {}
    }
    succeeded(&object(&fields, random))
}

fn spoil(fields: &mut Fields, kind: &Malformed) {
    match kind {
        Malformed::WrongTypes => {
            for (_, value) in fields {
                *value = if value.is_string() {
                    json!(1)
                } else {
                    json!([value.take()])
                };
            }
        }
        Malformed::StringNumbers => {
            for (_, value) in fields {
                if value.is_number() {
                    *value = json!(value.to_string());
                }
            }
        }
        Malformed::UnknownKeys => {
            let nested = json!({"deeper": [{"and": {"deeper": [null, 1e300, -0.0, "\u{0}"]}}]});
            fields.push(("unheard_of".to_owned(), nested));
            fields.extend((0..50).map(|number| (format!("x{number}"), json!(number))));
        }
        Malformed::Missing(key) => fields.retain(|(name, _)| name != key),
        Malformed::Text(key, text) => {
            for (_, value) in fields.iter_mut().filter(|(name, _)| name == key) {
                *value = json!(text);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_depends_on_the_seed_and_the_values_do_not() {
        let fields = fields([("a", json!(1)), ("b", json!("x\"y")), ("c", json!(null))]);
        let texts: Vec<String> = (0..20)
            .map(|seed| object(&fields, &mut Random::new(seed)))
            .collect();
        let parsed: Vec<Value> = texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        assert!(texts.iter().any(|text| *text != texts[0]));
        assert!(parsed.iter().all(|value| *value == parsed[0]));
        assert!(!texts[0].contains(' '));
    }
}
