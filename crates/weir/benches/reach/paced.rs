//! A continuous source that gives its media as it comes to be, in pieces of 5 ms and never a byte ahead, and keeps a log
//! of when each piece was handed to the system. It has one reader, whose coming begins the media.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use simulator::media::{Glance, Media, glance};
use simulator::swarm::Arrival;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::machine::now;

/// Between two pieces: what an engine gives at a time is of this order.
const PIECE: Duration = Duration::from_millis(5);

/// Pieces that the log goes back: a minute.
const LOGGED_MAX: usize = 12_000;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n";

/// When what was written.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<Arrival>>>);

impl Log {
    /// Everything up to this packet is written now.
    pub(crate) fn note(&self, packet: u64) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == LOGGED_MAX {
            entries.pop_front();
        }
        entries.push_back(Arrival { packet, at: now() });
    }

    /// What was noted, oldest first.
    pub(crate) fn entries(&self) -> Vec<Arrival> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().copied().collect()
    }
}

/// The source, until it is dropped.
pub(crate) struct Paced {
    address: SocketAddr,
    pub(crate) log: Log,
    _readers: JoinSet<()>,
}

impl Paced {
    pub(crate) async fn start(media: Media) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (log, mut begun) = (Log::default(), None);
        let mut readers = JoinSet::new();
        let notes = log.clone();
        readers.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let begun = *begun.get_or_insert_with(now);
                if let Err(error) = give(socket, &media, begun, &notes).await {
                    eprintln!("  the reader of the source is gone: {error}");
                }
            }
        });
        Ok(Self {
            address,
            log,
            _readers: readers,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/live.ts", self.address)
    }
}

/// Gives one reader the media from the next key frame on.
async fn give(
    mut socket: TcpStream,
    media: &Media,
    begun: Instant,
    log: &Log,
) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(0 < socket.read_buf(&mut request).await?, "nothing is asked");
    }
    socket.write_all(HEAD.as_bytes()).await?;
    let pieces = pieces_of(media);
    let passed = begun.elapsed().div_duration_f64(PIECE) as u64;
    let mut piece = passed.div_ceil(pieces) * pieces;
    let mut ready = rendered(media, piece / pieces).await?;
    loop {
        let (segment, place) = (piece / pieces, piece % pieces);
        let bytes = share(&ready, place, pieces);
        tokio::time::sleep_until(begun + PIECE * u32::try_from(piece)?).await;
        if let Some(packet) = last_packet(&bytes) {
            log.note(packet);
        }
        socket.write_all(&bytes).await?;
        piece += 1;
        if piece.is_multiple_of(pieces) {
            ready = rendered(media, segment + 1).await?;
        }
    }
}

/// Pieces of a segment.
fn pieces_of(media: &Media) -> u64 {
    media.duration(0).div_duration_f64(PIECE).round() as u64
}

/// Off the runtime: it takes as long as a piece, or longer.
async fn rendered(media: &Media, segment: u64) -> anyhow::Result<Bytes> {
    let media = media.clone();
    Ok(tokio::task::spawn_blocking(move || media.segment(segment)).await?)
}

/// The whole packets that belong to a piece.
fn share(segment: &Bytes, place: u64, pieces: u64) -> Bytes {
    let packets = (segment.len() / ts::PACKET_BYTES) as u64;
    let edge = |place: u64| (place * packets / pieces) as usize * ts::PACKET_BYTES;
    segment.slice(edge(place)..edge(place + 1))
}

/// The number of the last packet of media.
fn last_packet(bytes: &[u8]) -> Option<u64> {
    let packets = bytes.as_chunks().0.iter().rev();
    packets.map(glance).find_map(|glance| match glance {
        Glance::Marked(place) => Some(place.number()),
        Glance::Unmarked | Glance::Other => None,
    })
}
