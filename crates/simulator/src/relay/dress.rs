//! What is put around and between the media on its way out; the media itself stays as it is.

use std::num::NonZeroUsize;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt as _};
use ts::PACKET_BYTES;

use super::options::{Options, Packets};
use crate::fault::Ending;
use crate::reply::Pieces;

/// The unit in which a title's length is told.
const TITLE_UNIT_BYTES: usize = 16;

const TITLE: &[u8] = b"StreamTitle='Nobody asked for this';";

/// The body as a relay sends it.
pub(super) fn dressed(media: Pieces, options: &Options) -> Pieces {
    let packets = options.packets;
    let mut skip = options.skip;
    let mut titles = options.titles.map(Titles::new);
    let write_bytes = options.write_bytes;
    let dressed = media.map(move |piece| {
        let mut piece = packed(piece?, packets);
        let skipped = skip.min(piece.len());
        skip -= skipped;
        let rest = piece.split_off(skipped);
        Ok(match &mut titles {
            Some(titles) => titles.put_into(rest),
            None => rest,
        })
    });
    let writes = move |piece: Result<Bytes, Ending>| stream::iter(writes(piece, write_bytes));
    dressed.flat_map(writes).boxed()
}

fn packed(piece: Bytes, packets: Packets) -> Bytes {
    let (before, behind): (&[u8], &[u8]) = match packets {
        Packets::Plain => return piece,
        Packets::Timed => (&[0; 4], &[]),
        Packets::WithParity => (&[], &[0xee; 16]),
    };
    let packets = piece.as_chunks::<PACKET_BYTES>().0.iter();
    let packed: Vec<u8> = packets
        .flat_map(|packet| [before, packet, behind].concat())
        .collect();
    packed.into()
}

fn writes(
    piece: Result<Bytes, Ending>,
    write_bytes: Option<NonZeroUsize>,
) -> Vec<Result<Bytes, Ending>> {
    match (piece, write_bytes) {
        (Ok(bytes), Some(size)) => {
            let ends = (0..bytes.len()).step_by(size.get());
            ends.map(|from| Ok(bytes.slice(from..bytes.len().min(from + size.get()))))
                .collect()
        }
        (piece, _) => vec![piece],
    }
}

/// Titles behind every so many bytes; each second one is empty, as they are while nothing changes.
struct Titles {
    interval: usize,
    /// Bytes until the next one.
    left: usize,
    count: usize,
}

impl Titles {
    fn new(interval: NonZeroUsize) -> Self {
        Self {
            interval: interval.get(),
            left: interval.get(),
            count: 0,
        }
    }

    fn put_into(&mut self, mut media: Bytes) -> Bytes {
        let mut all = BytesMut::with_capacity(media.len());
        while self.left <= media.len() {
            all.extend_from_slice(&media.split_to(self.left));
            all.extend_from_slice(&self.title());
            self.left = self.interval;
        }
        self.left -= media.len();
        all.extend_from_slice(&media);
        all.freeze()
    }

    fn title(&mut self) -> Vec<u8> {
        self.count += 1;
        if self.count.is_multiple_of(2) {
            return vec![0];
        }
        let units = TITLE.len().div_ceil(TITLE_UNIT_BYTES);
        let mut title = vec![units as u8];
        title.extend_from_slice(TITLE);
        title.resize(1 + units * TITLE_UNIT_BYTES, 0);
        title
    }
}
