//! Takes the sizes of chunks out of an HTTP/1.1 body that comes cut anywhere; it keeps no byte of it.

use super::client::GetError;

/// A size has few digits; more would not fit into a number.
const SIZE_MAX: usize = usize::MAX >> 8;

/// Where in the body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the digits of a size that is so much up to here.
    Size(usize),
    /// Behind them, in a line that says more about the chunk.
    Line(usize),
    /// In a chunk, of which so much is to come.
    Inside(usize),
    /// Behind a chunk, before its line ends.
    Behind,
    /// The body is over.
    Over,
    /// There are no chunks: the body is all that comes.
    Unframed,
}

impl Chunks {
    /// Before the first byte of a body, of chunks or as it is.
    pub(super) fn of(chunked: bool) -> Self {
        if chunked {
            Self::Size(0)
        } else {
            Self::Unframed
        }
    }

    /// Calls `body` with what belongs to the body.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut body: impl FnMut(&[u8]),
    ) -> Result<(), GetError> {
        while let Some((&first, rest)) = bytes.split_first() {
            let (next, rest) = match *self {
                Self::Unframed => {
                    body(bytes);
                    return Ok(());
                }
                Self::Inside(left) => {
                    let (inside, rest) = bytes.split_at(left.min(bytes.len()));
                    body(inside);
                    match left - inside.len() {
                        0 => (Self::Behind, rest),
                        left => (Self::Inside(left), rest),
                    }
                }
                Self::Size(size) => (in_size(size, first)?, rest),
                Self::Line(0) if first == b'\n' => (Self::Over, rest),
                Self::Line(size) if first == b'\n' => (Self::Inside(size), rest),
                Self::Behind if first == b'\n' => (Self::Size(0), rest),
                Self::Line(_) | Self::Behind => (*self, rest),
                Self::Over => return Ok(()),
            };
            (*self, bytes) = (next, rest);
        }
        Ok(())
    }
}

fn in_size(size: usize, byte: u8) -> Result<Chunks, GetError> {
    let wrong = |why| Err(GetError::Response { why });
    match char::from(byte).to_digit(16) {
        Some(_) if SIZE_MAX < size => wrong("a chunk is larger than any number"),
        Some(digit) => Ok(Chunks::Size(size << 4 | digit as usize)),
        None if matches!(byte, b'\r' | b';' | b' ') => Ok(Chunks::Line(size)),
        None => wrong("a chunk has no size"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"3\r\nabc\r\n0a;x=y\r\ndefghijklm\r\n0\r\n\r\n";

    fn read(bytes: &[u8], piece: usize) -> Result<(String, Chunks), GetError> {
        let mut chunks = Chunks::of(true);
        let mut text = String::new();
        for piece in bytes.chunks(piece) {
            chunks.feed(piece, |inside| {
                text.push_str(&String::from_utf8_lossy(inside));
            })?;
        }
        Ok((text, chunks))
    }

    #[test]
    fn chunks_are_put_together_however_they_are_cut() {
        for piece in 1..=BODY.len() {
            let (text, chunks) = read(BODY, piece).expect("a sound body");
            assert_eq!((text.as_str(), chunks), ("abcdefghijklm", Chunks::Over));
        }
    }

    #[test]
    fn a_body_without_chunks_is_passed_on() {
        let mut chunks = Chunks::of(false);
        let mut bytes = 0;
        chunks
            .feed(BODY, |inside| bytes += inside.len())
            .expect("anything");
        assert_eq!(bytes, BODY.len());
    }

    #[test]
    fn what_is_no_size_is_told() {
        for bytes in [&b"\x47abc"[..], b"ffffffffffffffffff\r\n"] {
            assert!(read(bytes, 1).is_err(), "{bytes:?}");
        }
    }
}
