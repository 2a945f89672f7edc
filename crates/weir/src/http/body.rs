//! A resource's bytes as a response: chunks of the window, handed to the connection as they are.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use channel::{Body, Piece};
use http_body::{Frame, SizeHint};

use crate::handle::Visit;

/// A body that is (part of) a held resource. The request counts as running until it is sent or
/// dropped.
pub(super) struct Held {
    body: Body,
    chunk: usize,
    /// Bytes of the current chunk that are passed over.
    skip: usize,
    left: usize,
    visit: Option<Visit>,
    /// What its viewer can play when all of it is sent.
    piece: Option<Piece>,
}

impl Held {
    /// The bytes of `range`, which lies within the body.
    pub(super) fn new(body: Body, range: &Range<usize>, visit: Option<Visit>) -> Self {
        let mut skip = range.start;
        let mut chunk = 0;
        while let Some(bytes) = body.chunks().get(chunk).filter(|bytes| bytes.len() <= skip) {
            skip -= bytes.len();
            chunk += 1;
        }
        Self {
            body,
            chunk,
            skip,
            left: range.len(),
            visit,
            piece: None,
        }
    }

    /// It ends with the last byte of media that its viewer can play then.
    pub(super) fn carrying(self, piece: Option<Piece>) -> Self {
        Self { piece, ..self }
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let Some(chunk) = this.body.chunks().get(this.chunk) else {
            return Poll::Ready(None);
        };
        let end = chunk.len().min(this.skip + this.left);
        let bytes = chunk.slice(this.skip..end);
        this.chunk += 1;
        this.skip = 0;
        this.left -= bytes.len();
        if let Some(visit) = &mut this.visit {
            visit.sent(bytes.len());
            if let (0, Some(piece)) = (this.left, this.piece) {
                visit.reached(piece);
            }
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn read(range: Range<usize>) -> String {
        let chunks = ["abc", "", "defg", "h"].map(|text| Bytes::from_static(text.as_bytes()));
        let held = Held::new(Body::new(chunks.to_vec()), &range, None);
        let bytes = held.collect().await.expect("bytes").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn every_range_is_cut_exactly_whatever_the_chunks() {
        for start in 0..=8 {
            for end in start..=8 {
                assert_eq!(read(start..end).await, "abcdefgh"[start..end]);
            }
        }
    }
}
