//! A segment that was fetched whole, as a segment that was cut: for viewers who follow a continuous body; leaves nothing out.

use std::sync::Arc;

use bytes::Bytes;

use super::line::{Line, due};
use super::open::{Beginning, times};
use super::scanner::{Mark, News, Scanner, Which};
use super::{Ended, Segment, Times};
use crate::align::{Aligned, Aligner};
use crate::frame::Frame;
use crate::inspect::find_tables;
use crate::{Invalid, PACKET_BYTES, Timestamp};

/// Takes a segment that came whole, its chunks cut anywhere.
///
/// Its media is all of it, its own tables included, in pieces of whole packets; only packets that two chunks share are
/// copied. A segment whose frames have no times has none, and no length.
pub fn whole(chunks: &[Bytes]) -> Result<Segment, Invalid> {
    let tables = find_tables(chunks)?;
    let media = align(chunks)?;
    let mut scanner = Scanner::default();
    scanner.aim(&tables);
    let mut news = vec![];
    let mut at = 0;
    for bytes in media
        .iter()
        .flat_map(|piece| piece.as_chunks::<PACKET_BYTES>().0)
    {
        scanner.push(at, bytes, &mut news);
        at += PACKET_BYTES as u64;
    }
    scanner.finish(&mut news);
    let frames = [Which::Video, Which::Sound].map(|which| frames_of(&news, which));
    let frames = frames.into_iter().find(|frames| !frames.is_empty());
    let frames = frames.unwrap_or_default();
    let (begin, independent, start) = match frames.first() {
        Some((mark, frame)) => (times(frame, *mark), frame.key, due(frame)),
        None => (Times::default(), false, None),
    };
    let beginning = Beginning {
        mark: scanner.mark(0),
        begin,
        independent,
        tables: Arc::new(tables),
        discontinuity: None,
        left_out: 0,
        line: Line::from(start.unwrap_or(Timestamp(0)), None),
    };
    let mut making = beginning.open();
    making.add(media);
    for (mark, frame) in frames.iter().skip(1) {
        making.note(*mark, frame);
    }
    let ticks = start.map_or(0, |_| making.line.until(making.line.end()));
    Ok(making.close(ticks, Ended::Body, scanner.take_continuity_errors()))
}

/// The frames of a stream from the first one with a time on.
fn frames_of(news: &[News], which: Which) -> Vec<(Mark, Frame)> {
    let frames = news.iter().filter_map(|news| match news {
        News::Settled(of, mark, settled) if *of == which => Some((*mark, settled.frame)),
        _ => None,
    });
    frames
        .skip_while(|(_, frame)| due(frame).is_none())
        .collect()
}

/// The same bytes in pieces of whole packets.
fn align(chunks: &[Bytes]) -> Result<Vec<Bytes>, Invalid> {
    let (mut aligner, mut found) = (Aligner::default(), vec![]);
    for chunk in chunks {
        aligner.push(chunk, &mut found);
    }
    aligner.finish(&mut found);
    let mut at = 0;
    let piece = |aligned| match aligned {
        Aligned::Packets(packets) => {
            at += packets.len();
            Ok(packets)
        }
        Aligned::Lost { .. } => Err(Invalid::LostSync { at }),
    };
    found.into_iter().map(piece).collect()
}
