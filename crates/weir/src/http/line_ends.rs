//! Watches the line ends in what viewers send; it reads nothing else and keeps no request.

use std::mem;

/// As much of a line as tells a length.
const LINE_BYTES_MAX: usize = 48;

/// Where the next byte of a viewer's requests stands.
#[derive(Debug)]
pub(super) enum LineEnds {
    /// In a line of a head, of which this much has come.
    Head { line: Vec<u8>, last: u8, body: u64 },
    /// In a body, of which so many bytes are still to come.
    Body { left: u64 },
}

impl Default for LineEnds {
    fn default() -> Self {
        Self::head()
    }
}

impl LineEnds {
    fn head() -> Self {
        let line = Vec::new();
        let (last, body) = (0, 0);
        Self::Head { line, last, body }
    }

    /// Goes over what has just been read. A line feed that stands alone in a head becomes a NUL,
    /// for which the request is refused: a proxy in front may have taken both lines for one, and
    /// so have seen another request than we would.
    pub(super) fn check(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let taken = match self {
                Self::Body { left } => {
                    let taken = bytes
                        .len()
                        .min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    if *left == 0 {
                        *self = Self::head();
                    }
                    taken
                }
                Self::Head { line, last, body } => {
                    let taken = take_line(line, last, bytes);
                    if bytes[taken - 1] == b'\n' {
                        match &mem::take(line)[..] {
                            b"\r\n" if 0 < *body => *self = Self::Body { left: *body },
                            b"\r\n" => *self = Self::head(),
                            other => *body = length(other).unwrap_or(*body),
                        }
                    }
                    taken
                }
            };
            bytes = &mut bytes[taken..];
        }
    }
}

/// Adds what belongs to the line, its end included; returns how many bytes that were.
fn take_line(line: &mut Vec<u8>, last: &mut u8, bytes: &mut [u8]) -> usize {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let taken = end.map_or(bytes.len(), |end| end + 1);
    if let Some(end) = end {
        let before = match end {
            0 => *last,
            end => bytes[end - 1],
        };
        if before != b'\r' {
            bytes[end] = 0;
        }
    }
    let room = LINE_BYTES_MAX - line.len();
    line.extend_from_slice(&bytes[..taken.min(room)]);
    *last = bytes[taken - 1];
    taken
}

/// The length that a header line tells, if it is the one that does.
fn length(line: &[u8]) -> Option<u64> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let named = name.eq_ignore_ascii_case("content-length");
    value.trim().parse().ok().filter(|_| named)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a text, read in pieces of every size.
    fn checked(text: &str) -> String {
        let mut results: Vec<_> = (1..=text.len())
            .map(|size| {
                let (mut bytes, mut ends) = (text.as_bytes().to_vec(), LineEnds::default());
                for piece in bytes.chunks_mut(size) {
                    ends.check(piece);
                }
                String::from_utf8(bytes).expect("text")
            })
            .collect();
        results.dedup();
        assert_eq!(results.len(), 1, "{results:?}");
        results.remove(0)
    }

    #[test]
    fn whole_line_ends_stay_as_they_are_in_one_request_and_in_the_next() {
        let request = "GET / HTTP/1.1\r\nHost: weir\r\n\r\n";
        let two = request.repeat(2);
        assert_eq!(checked(&two), two);
    }

    #[test]
    fn a_lone_line_feed_in_a_head_is_taken_out() {
        assert_eq!(
            checked("GET / HTTP/1.1\nA: b\r\n\r\n"),
            "GET / HTTP/1.1\0A: b\r\n\r\n"
        );
        assert_eq!(checked("\nGET"), "\0GET");
        let long = format!("A: {}\nB: c\r\n\r\n\n", "a".repeat(100));
        assert_eq!(
            checked(&long),
            long.replace('\n', "\0").replace("\r\0", "\r\n")
        );
    }

    #[test]
    fn a_body_may_hold_line_feeds_and_what_follows_it_may_not() {
        let body = "POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\nA: b\r\n\r\n\n\n{}";
        assert_eq!(checked(&format!("{body}GET /\n")), format!("{body}GET /\0"));
    }
}
