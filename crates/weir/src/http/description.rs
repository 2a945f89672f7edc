//! The head of the API's description: what holds for all of it.

use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, ToSchema};

use super::settings::SettingValue;
use super::{continuous, media, play};

/// The scheme's name, as calls that are protected name it.
const KEY: &str = "api_key";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Weir",
        description = "One pull of a live stream, any number of viewers: playback, state, settings and events."
    ),
    // Served by a router of their own, with what browsers and players need around them.
    paths(
        play::getstream,
        play::manifest,
        continuous::file,
        play::media,
        media::segment,
        media::init,
        media::key,
    ),
    components(schemas(Detail)),
    modifiers(&Keyed)
)]
struct Head;

/// What every refusal looks like; `detail` is an object in few cases.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; Problem writes it")]
pub(super) struct Detail {
    /// What is wrong, and what would be right.
    detail: String,
}

/// A refusal of what was sent, with everything that is wrong with it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; Problem writes it")]
pub(super) struct Mistakes {
    /// The first of them.
    detail: String,
    /// All of them.
    errors: Option<Vec<Mistake>>,
}

/// One thing that is wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; Problem writes it")]
struct Mistake {
    /// The name that was given.
    field: String,
    /// What would be right.
    message: String,
    /// What was given, where it is the value that is wrong.
    value: Option<SettingValue>,
}

struct Keyed;

impl Modify for Keyed {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme(KEY, SecurityScheme::Http(bearer));
    }
}

/// The description as it is answered. It is written once: what it is written of takes many times as much memory.
pub(super) fn written(description: &utoipa::openapi::OpenApi) -> impl IntoResponse + Clone + use<> {
    let json = serde_json::to_vec(description).unwrap_or_else(|error| {
        tracing::error!("the API's description cannot be written: {error}");
        Vec::new()
    });
    let json = Bytes::from(json);
    ([(header::CONTENT_TYPE, "application/json")], json)
}

/// The description before any path is in it.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    let mut head = Head::openapi();
    head.info.license = None;
    head
}

/// The whole description, in which each call has a name of its own: that of its handler may be another's too, and
/// what makes clients out of descriptions knows calls by their names.
pub(super) fn named(mut whole: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut whole.paths.paths {
        let calls = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, call) in calls {
            if let Some(call) = call {
                call.operation_id = Some(name(method, path));
            }
        }
    }
    whole
}

/// `get_engines_id` of `GET /engines/{id}`.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|it: char| !it.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}
