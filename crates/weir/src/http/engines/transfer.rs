//! Engines that an operator has added, out of one Weir and into another. Configured ones are not in it: the environment has them.

use engine::Address;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::App;
use super::super::transfer::{Apply, entries, mistake};
use super::fields::Fields;
use crate::engines::{ENGINES_MAX, Origin};
use crate::settings::Mistake;

/// An engine that is to be there.
struct Wanted {
    address: Address,
    name: Option<String>,
    forwarded: bool,
}

/// An engine as an export has it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct EngineExport {
    host: String,
    port: u16,
    name: Option<String>,
    /// Whether peers can reach it.
    forwarded: bool,
}

/// What has been added.
pub(in super::super) fn export(app: &App) -> Vec<EngineExport> {
    let all = app.engines.all();
    let added = all.iter().filter(|it| it.card.origin == Origin::Added);
    let added = added.filter(|it| !it.engine.leaving);
    let added = added.map(|it| EngineExport {
        host: it.engine.engine.host.clone(),
        port: it.engine.engine.port,
        name: it.card.name.clone(),
        forwarded: it.engine.forwarded,
    });
    added.collect()
}

/// Takes what an export has of it: engines that it does not have and that were added are taken out, and their channels
/// move away.
pub(in super::super) fn import(value: Value) -> Result<Apply, Vec<Mistake>> {
    let mut wanted = Vec::new();
    for entry in entries("engines", value, ENGINES_MAX)? {
        let mut fields = Fields::of(&entry, &["host", "port", "name", "forwarded"]);
        let address = fields.address();
        let name = fields.name();
        let forwarded = fields.truth("forwarded").unwrap_or(false);
        let address = fields.whole(address)?;
        let address = address.ok_or_else(|| vec![mistake("host", "host must be given".into())])?;
        wanted.push(Wanted {
            address,
            name,
            forwarded,
        });
    }
    Ok(Box::new(move |app| {
        Box::pin(async move {
            replace(&app, wanted);
            Ok(())
        })
    }))
}

fn replace(app: &App, wanted: Vec<Wanted>) {
    for known in app.engines.all() {
        let stays = wanted.iter().any(|it| it.address == known.engine.engine);
        if known.card.origin == Origin::Added && !stays {
            app.engines.remove(&known.engine.engine);
        }
    }
    for engine in wanted {
        let Wanted {
            address,
            name,
            forwarded,
        } = engine;
        // One that is there already stays as it is.
        let _ = app.engines.add(&address, Origin::Added, name, forwarded);
    }
}
