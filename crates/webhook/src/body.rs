//! Events as the contract's JSON.

use ledger::{Kind, Stream};
use serde_json::{Value, json};

/// What is sent for an event: the contract's JSON, as text.
pub fn of(kind: Kind, stream: &Stream) -> String {
    match kind {
        Kind::Started => started(stream),
        Kind::Ended => ended(stream),
    }
    .to_string()
}

fn started(stream: &Stream) -> Value {
    json!({
        "container_id": stream.container_id,
        "engine": { "host": stream.engine_host, "port": stream.engine_port },
        "stream": { "key_type": stream.key_type, "key": stream.key },
        "session": {
            "playback_session_id": stream.playback_session_id,
            "stat_url": stream.stat_url,
            "command_url": stream.command_url,
            "is_live": i32::from(stream.is_live),
        },
        "labels": {
            "stream_id": stream.id,
            "source": if stream.continuous { "ts_proxy" } else { "hls_proxy" },
            "stream_mode": if stream.continuous { "TS" } else { "HLS" },
        },
    })
}

fn ended(stream: &Stream) -> Value {
    let reason = stream.ended.as_ref().and_then(|end| end.reason.as_deref());
    json!({
        "container_id": stream.container_id,
        "stream_id": stream.name_outside(),
        "reason": reason,
    })
}
