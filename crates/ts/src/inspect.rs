//! What a whole segment says of itself: its tables, its length in time, how it begins; judges nothing of whether that is wanted.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;

use crate::continuity::Counters;
use crate::frame::{Frame, Frames, Look};
use crate::packet::{Packet, each_packet};
use crate::span::{Span, longest_step};
use crate::table::{Codec, Finder, Stream, Tables};
use crate::{LooksLike, PACKET_BYTES, SYNC_BYTE, Timestamp, duration};

/// So much of a body is looked at to name what it is when it is no transport stream.
const HEAD_BYTES: usize = 4 * PACKET_BYTES;

/// What a segment says of itself. The lead stream is the first video one that has timestamps, else the first of sound.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Facts {
    /// The length of the whole.
    pub bytes: usize,
    /// The packets in it.
    pub packets: usize,
    /// When the first frame of the lead stream is shown: its lowest time, not the one that is sent first.
    pub start: Option<Timestamp>,
    /// When the last frame of the lead stream is over: its highest time and one mean frame.
    pub end: Option<Timestamp>,
    /// From start to end, exact to a tick; none where fewer than two frames have timestamps.
    pub duration: Option<Duration>,
    /// The mean length of a frame; of sound, of what is sent as one.
    pub frame: Option<Duration>,
    /// The longest step between frames that are shown one after the other; far over a frame where time jumps.
    pub longest_step: Option<Duration>,
    /// Whether the first frame of the lead stream that begins here is one to start decoding with.
    pub starts_with_key_frame: bool,
    /// Whether PAT and PMT are whole before any media.
    pub starts_with_tables: bool,
    /// The streams of the programme in the order of its PMT; players take a change of these for another stream.
    pub streams: Vec<Stream>,
    /// Whether any of the programme's media is encrypted.
    pub scrambled: bool,
    /// Packets that do not follow on the one before of their pid: something was lost, doubled or put together.
    pub continuity_errors: usize,
}

/// Why bytes are no segment that can be published.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Invalid {
    /// There is not a single byte.
    #[error("segment is empty")]
    Empty,
    /// The bytes are something else.
    #[error("segment is not a transport stream, it looks like {looks_like}")]
    NotTransportStream {
        /// A guess at what they are.
        looks_like: LooksLike,
    },
    /// Packets are there, with something before the first.
    #[error("segment has {bytes} bytes before its first packet")]
    Misaligned {
        /// Bytes before the first packet.
        bytes: usize,
    },
    /// The last packet is cut: mostly a transfer that broke off.
    #[error("segment ends with a packet of {bytes} bytes")]
    PartialPacket {
        /// Bytes of the last packet that are there.
        bytes: usize,
    },
    /// A packet is not where it must be: bytes are missing or foreign.
    #[error("segment has no packet at byte {at}, where one must begin")]
    LostSync {
        /// The offset at which no packet begins.
        at: usize,
    },
    /// The table of programmes is missing or broken.
    #[error("segment of {packets} packets has no PAT")]
    NoPat {
        /// The packets that were looked at.
        packets: usize,
    },
    /// The table of the programme's streams is missing or broken.
    #[error("segment has no PMT on pid {pid}, where its PAT says it is")]
    NoPmt {
        /// Where the PMT of the first programme should be.
        pid: u16,
    },
}

/// What a whole segment says of itself; it comes as chunks that may split packets anywhere.
pub fn inspect(chunks: &[Bytes]) -> Result<Facts, Invalid> {
    let tables = find_tables(chunks)?;
    Ok(Scan::over(chunks, &tables, Look::AtFirst)?.facts(chunks, &tables))
}

/// Finds PAT and PMT; reads only as far as they are.
pub(crate) fn find_tables(chunks: &[Bytes]) -> Result<Tables, Invalid> {
    let mut finder = Finder::default();
    let mut packets = 0;
    let mut lost = None;
    let mut whole = false;
    let left = each_packet(chunks, |index, bytes| {
        let packet = Packet::new(bytes);
        packets = index + 1;
        if !packet.is_synced() {
            lost = Some(index);
            return ControlFlow::Break(());
        }
        whole = finder.push(packet);
        if whole {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Some(index) = lost {
        return Err(lost_sync(chunks, index));
    }
    if !whole && 0 < left {
        return Err(partial(chunks, left));
    }
    let (has_pat, first) = (finder.has_pat(), finder.first_program());
    match (finder.into_tables(), first) {
        (Some(tables), _) => Ok(tables),
        (None, Some(program)) if has_pat => Err(Invalid::NoPmt {
            pid: program.pmt_pid,
        }),
        (None, _) if packets == 0 => Err(Invalid::Empty),
        (None, _) => Err(Invalid::NoPat { packets }),
    }
}

fn lost_sync(chunks: &[Bytes], index: usize) -> Invalid {
    let head: Vec<u8> = chunks.iter().flatten().copied().take(HEAD_BYTES).collect();
    let looks_like = LooksLike::guess(&head);
    if 1 < index || (index == 1 && looks_like == LooksLike::Junk) {
        return Invalid::LostSync {
            at: index * PACKET_BYTES,
        };
    }
    let aligned = |offset: &usize| {
        let mut places = head.iter().skip(*offset).step_by(PACKET_BYTES);
        PACKET_BYTES * 3 <= head.len() && places.all(|byte| *byte == SYNC_BYTE)
    };
    match (1..PACKET_BYTES).find(aligned) {
        Some(bytes) if index == 0 => Invalid::Misaligned { bytes },
        _ => Invalid::NotTransportStream { looks_like },
    }
}

/// A body shorter than a packet may still be a message that something went wrong.
fn partial(chunks: &[Bytes], left: usize) -> Invalid {
    let head: Vec<u8> = chunks.iter().flatten().copied().take(HEAD_BYTES).collect();
    let is_packet = head.first() == Some(&SYNC_BYTE);
    match LooksLike::guess(&head) {
        looks_like
            if head.len() < PACKET_BYTES && (!is_packet || looks_like != LooksLike::Junk) =>
        {
            Invalid::NotTransportStream { looks_like }
        }
        _ => Invalid::PartialPacket { bytes: left },
    }
}

/// One look at every packet.
pub(crate) struct Scan {
    /// The frames of the lead stream in the order of sending; empty where no stream has any.
    pub(crate) lead: Vec<Frame>,
    packets: usize,
    media_at: Option<usize>,
    scrambled: bool,
    continuity_errors: usize,
}

impl Scan {
    pub(crate) fn over(chunks: &[Bytes], tables: &Tables, look: Look) -> Result<Scan, Invalid> {
        let streams = &tables.pmt.streams;
        let first = |wanted: fn(Codec) -> bool| streams.iter().find(|stream| wanted(stream.codec));
        let mut leads: Vec<(u16, Frames)> = [first(Codec::is_video), first(Codec::is_audio)]
            .into_iter()
            .flatten()
            .map(|stream| (stream.pid, Frames::new(stream.codec, look)))
            .collect();
        let mut scan = Scan {
            lead: vec![],
            packets: 0,
            media_at: None,
            scrambled: false,
            continuity_errors: 0,
        };
        let mut counters = Counters::default();
        let mut lost = None;
        let left = each_packet(chunks, |index, bytes| {
            let packet = Packet::new(bytes);
            if !packet.is_synced() {
                lost = Some(index);
                return ControlFlow::Break(());
            }
            let pid = packet.pid();
            scan.packets = index + 1;
            scan.continuity_errors += usize::from(!counters.follows(packet));
            if streams.iter().any(|stream| stream.pid == pid) {
                scan.media_at.get_or_insert(index);
                scan.scrambled |= packet.is_scrambled();
                if let Some((_, frames)) = leads.iter_mut().find(|(lead, _)| *lead == pid) {
                    frames.push(index, packet);
                }
            }
            ControlFlow::Continue(())
        });
        if let Some(index) = lost {
            return Err(Invalid::LostSync {
                at: index * PACKET_BYTES,
            });
        }
        if 0 < left {
            return Err(Invalid::PartialPacket { bytes: left });
        }
        let timed = |frames: &Vec<Frame>| frames.iter().any(|frame| frame.pts.is_some());
        scan.lead = leads
            .into_iter()
            .map(|(_, frames)| frames.finish())
            .find(timed)
            .unwrap_or_default();
        Ok(scan)
    }

    fn facts(self, chunks: &[Bytes], tables: &Tables) -> Facts {
        let span = Span::of(&self.lead);
        Facts {
            bytes: chunks.iter().map(Bytes::len).sum(),
            packets: self.packets,
            start: span.map(|span| span.start),
            end: span.and_then(Span::end),
            duration: span.and_then(Span::ticks).map(duration),
            frame: span.and_then(Span::frame).map(duration),
            longest_step: longest_step(&self.lead).map(duration),
            starts_with_key_frame: self.lead.first().is_some_and(|frame| frame.key),
            starts_with_tables: self
                .media_at
                .is_none_or(|media| tables.whole_after <= media),
            streams: tables.pmt.streams.clone(),
            scrambled: self.scrambled,
            continuity_errors: self.continuity_errors,
        }
    }
}
