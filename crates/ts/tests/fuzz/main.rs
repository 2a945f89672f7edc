//! The fuzzer's targets over seeded bytes, so that every run of the tests makes some of its steps.

mod bodies;

use proptest::prelude::*;

/// Steps of a muxer: tables and frames often, everything else sometimes.
fn steps() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![8 => 2_u8..12, 1 => Just(0), 1 => Just(1), 1 => any::<u8>()];
    let which = prop_oneof![4 => 0_u8..2, 1 => any::<u8>()];
    let step = (kind, which, any::<[u8; 4]>());
    let start = Just([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    let steps = proptest::collection::vec(step, 0..400);
    (any::<[u8; 4]>(), start, steps).prop_map(|(head, start, steps)| {
        let steps = steps
            .into_iter()
            .flat_map(|(kind, which, rest)| [&[kind, which], &rest[..]].concat());
        [&head[..], &start, &steps.collect::<Vec<u8>>()].concat()
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => steps(), 1 => proptest::collection::vec(any::<u8>(), 0..3000)]
}

proptest! {
    #[test]
    fn segments_keep_their_promises_whatever_comes(bytes in bytes()) {
        bodies::segmenter(&bytes);
    }

    #[test]
    fn viewers_get_whole_packets_whatever_comes(bytes in bytes()) {
        bodies::viewer(&bytes);
    }

    #[test]
    fn whole_segments_are_read_alike_however_they_are_chunked(bytes in bytes()) {
        bodies::segment(&bytes);
    }
}
