//! Fragmented MP4 from outside: the right boxes in the right order, and no codec in them.

use bytes::Bytes;

/// `ftyp` and an empty `moov`: what `EXT-X-MAP` leads to.
pub(super) fn init() -> Bytes {
    [
        boxed(*b"ftyp", b"iso6\0\0\0\0iso6mp41"),
        boxed(*b"moov", &boxed(*b"mvhd", &[0; 100])),
    ]
    .concat()
    .into()
}

/// A fragment whose `mdat` is `media`.
pub(super) fn fragment(number: u64, media: &[u8]) -> Bytes {
    let mut header = vec![0; 4];
    header.extend_from_slice(&(number as u32).to_be_bytes());
    [
        boxed(*b"styp", b"msdh\0\0\0\0msdhmsix"),
        boxed(*b"moof", &boxed(*b"mfhd", &header)),
        boxed(*b"mdat", media),
    ]
    .concat()
    .into()
}

fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 8);
    bytes.extend_from_slice(&(content.len() as u32 + 8).to_be_bytes());
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_carry_their_length() {
        let fragment = fragment(5, b"media");
        assert_eq!(fragment[..8], [0, 0, 0, 24, b's', b't', b'y', b'p']);
        assert!(fragment.ends_with(b"mdatmedia"));
        assert_eq!(init()[4..8], *b"ftyp");
    }
}
