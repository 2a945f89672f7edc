//! Reads of any size into chunks of an even size, none of which keeps more memory alive than it shows.
//!
//! This is the one copy that media goes through. What the HTTP reader hands out are slices of its receive buffer,
//! which grows to 0.8 MiB; a window of such slices would keep several times its own size alive. Copied at once,
//! 0.1 ms a megabyte, the buffer is free again and used for the next read.

use bytes::{Bytes, BytesMut};

/// Large enough that a segment is a short list, small enough that its last chunk wastes little; whole packets of MPEG-TS, so that
/// chunks of a stream that begins with one share none.
pub(crate) const CHUNK_BYTES: usize = 348 * 188;

/// Chunks under construction.
#[derive(Default)]
pub(crate) struct Gather {
    full: Vec<Bytes>,
    filling: BytesMut,
    bytes: usize,
}

impl Gather {
    /// Adds what was read.
    pub(crate) fn push(&mut self, mut read: Bytes) {
        self.bytes += read.len();
        while !read.is_empty() {
            if self.filling.is_empty() {
                self.filling = BytesMut::with_capacity(CHUNK_BYTES);
            }
            let room = CHUNK_BYTES - self.filling.len();
            let taken = read.split_to(room.min(read.len()));
            self.filling.extend_from_slice(&taken);
            if self.filling.len() == CHUNK_BYTES {
                self.full.push(std::mem::take(&mut self.filling).freeze());
            }
        }
    }

    /// Bytes gathered so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was gathered first, up to one chunk of it.
    pub(crate) fn head(&self) -> &[u8] {
        self.full.first().map_or(&self.filling[..], |chunk| chunk)
    }

    /// All chunks, the last one cut to its size.
    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        if !self.filling.is_empty() {
            self.full.push(Bytes::copy_from_slice(&self.filling));
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as a connection makes them: slices of buffers larger than themselves.
    fn gathered(reads: &[usize]) -> Vec<Bytes> {
        let mut gather = Gather::default();
        let mut next = 0_u8;
        for &length in reads {
            let mut buffer = BytesMut::with_capacity(408 << 10);
            buffer.extend((0..length).map(|_| {
                next = next.wrapping_add(1);
                next
            }));
            gather.push(buffer.split().freeze());
        }
        gather.finish()
    }

    fn memory(chunks: Vec<Bytes>) -> usize {
        chunks
            .into_iter()
            .map(|chunk| {
                chunk
                    .try_into_mut()
                    .expect("nobody else holds it")
                    .capacity()
            })
            .sum()
    }

    #[test]
    fn small_reads_become_even_chunks_in_order() {
        let reads = vec![1_400; 1_000];
        let chunks = gathered(&reads);
        let (last, others) = chunks.split_last().unwrap();
        assert!(others.iter().all(|chunk| chunk.len() == CHUNK_BYTES));
        assert!(last.len() <= CHUNK_BYTES);
        let all: Vec<u8> = chunks.concat();
        assert_eq!(all.len(), 1_400_000);
        assert!(
            all.iter()
                .enumerate()
                .all(|(at, &byte)| byte == (at + 1) as u8)
        );
    }

    #[test]
    fn held_memory_is_at_most_a_tenth_more_than_the_media() {
        let mixed = [
            408 << 10,
            100,
            399 << 10,
            60_000,
            200_000,
            65_536,
            1,
            390 << 10,
        ];
        for reads in [
            &[1_400; 1_900][..],
            &[90_000; 40],
            &mixed,
            &[408 << 10; 4],
            &[3],
        ] {
            let bytes: usize = reads.iter().sum();
            let memory = memory(gathered(reads));
            assert!(memory * 10 <= bytes * 11, "{memory} bytes held for {bytes}");
        }
    }

    #[test]
    fn nothing_gathered_is_no_chunk() {
        assert_eq!(gathered(&[]), Vec::<Bytes>::new());
        assert_eq!(gathered(&[0, 0]), Vec::<Bytes>::new());
    }
}
