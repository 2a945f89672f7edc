//! Packets that came and of which it is not decided where they belong; shares what it holds and copies none of it.

use std::collections::VecDeque;

use bytes::Bytes;

/// The end of the body, by positions in all that came.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// The position of its first byte.
    start: u64,
    bytes: u64,
    pieces: VecDeque<Bytes>,
}

impl Tail {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len() as u64;
        self.pieces.push_back(piece);
    }

    /// The position of its first byte.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// The position behind its last byte.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes
    }

    /// Takes off what is before this position.
    pub(crate) fn take_until(&mut self, position: u64) -> Vec<Bytes> {
        let mut taken = vec![];
        while self.start < position
            && let Some(mut piece) = self.pieces.pop_front()
        {
            let wanted = usize::try_from(position - self.start).unwrap_or(usize::MAX);
            if wanted < piece.len() {
                self.pieces.push_front(piece.split_off(wanted));
            }
            self.start += piece.len() as u64;
            self.bytes -= piece.len() as u64;
            taken.push(piece);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_off_is_what_came_before_the_position() {
        let mut tail = Tail::default();
        tail.push(Bytes::from_static(b"abc"));
        tail.push(Bytes::from_static(b"defg"));
        assert_eq!(tail.take_until(5), ["abc", "de"]);
        assert_eq!((tail.start(), tail.end()), (5, 7));
        assert_eq!(tail.take_until(5), Vec::<Bytes>::new());
        assert_eq!(tail.take_until(99), ["fg"]);
        tail.push(Bytes::from_static(b"h"));
        assert_eq!((tail.start(), tail.end()), (7, 8));
    }
}
