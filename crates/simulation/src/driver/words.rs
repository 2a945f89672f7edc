//! What a channel is told and wants, in words short enough for a story.

use channel::{Effect, Input};

pub(super) fn told(number: usize, input: &Input) -> String {
    let short = match input {
        Input::Polled {
            result: Ok(list), ..
        } => {
            let from = list.media_sequence;
            format!("list {from}+{}", list.segments.len())
        }
        Input::Fetched {
            item,
            result: Ok(fit),
            ..
        } => format!("fetched {} of {} bytes", item.0, fit.body.len()),
        Input::Received { chunks, .. } => {
            let bytes: usize = chunks.iter().map(bytes::Bytes::len).sum();
            format!("received {bytes} bytes")
        }
        other => format!("{other:?}"),
    };
    format!("channel {number} <- {short}")
}

pub(super) fn wanted(number: usize, effect: &Effect) -> String {
    let short = match effect {
        Effect::Publish(snapshot) => {
            let window = &snapshot.window;
            let (next, listed) = (window.next(), window.listed().count());
            format!("show {:?}: {listed} listed up to {next}", snapshot.phase)
        }
        Effect::Fetch { item, segment, .. } => format!("fetch {} = {}", item.0, segment.uri),
        other => format!("{other:?}"),
    };
    format!("channel {number} -> {short}")
}
