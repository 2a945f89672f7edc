//! Bodies in gzip: honest ones, and ones that grow without measure.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, StreamExt as _};

use crate::reply::Pieces;

/// Input that is compressed at a time: a piece of a bomb is made in a millisecond or two.
const PIECE_BYTES: usize = 1 << 20;

/// `body` compressed.
pub(super) fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("a Vec takes all bytes");
    encoder.finish().expect("a Vec takes all bytes").into()
}

struct Bomb {
    encoder: GzEncoder<Vec<u8>>,
    left: u64,
}

/// `body` and then blank lines, `bytes` in all when unpacked, a thousandth of that on the wire.
pub(super) fn bomb(body: &[u8], bytes: u64) -> Pieces {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a Vec takes all bytes");
    let bomb = Bomb {
        encoder,
        left: bytes.saturating_sub(body.len() as u64),
    };
    stream::unfold(Some(bomb), |state| async move {
        let mut bomb = state?;
        if bomb.left == 0 {
            let rest = bomb.encoder.finish().expect("a Vec takes all bytes");
            return Some((Ok(rest.into()), None));
        }
        let count = bomb.left.min(PIECE_BYTES as u64);
        bomb.left -= count;
        let blank = vec![b'\n'; count as usize];
        bomb.encoder
            .write_all(&blank)
            .expect("a Vec takes all bytes");
        let ready = std::mem::take(bomb.encoder.get_mut());
        tokio::task::yield_now().await;
        Some((Ok(ready.into()), Some(bomb)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_was_compressed_comes_out_again() {
        let mut text = String::new();
        GzDecoder::new(&compressed(b"#EXTM3U\n")[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "#EXTM3U\n");
    }

    #[tokio::test]
    async fn a_bomb_is_small_and_grows() {
        let pieces: Vec<_> = bomb(b"#EXTM3U\n", 32 << 20).collect().await;
        let packed: Vec<u8> = pieces.into_iter().flat_map(Result::unwrap).collect();
        assert!(packed.len() < 64 << 10, "{} bytes", packed.len());
        let grown = std::io::copy(&mut GzDecoder::new(&packed[..]), &mut std::io::sink());
        assert_eq!(grown.unwrap(), 32 << 20);
    }
}
