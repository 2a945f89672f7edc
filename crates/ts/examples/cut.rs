//! Prints the segments that a continuous transport stream in a file is cut into, and what is wrong with it.

use std::error::Error;
use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use ts::segment::{Event, Options, Segmenter};

const CHUNK_BYTES: u64 = 64 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: cut FILE")?;
    let mut file = File::open(path)?;
    let mut segmenter = Segmenter::new(Options::default());
    loop {
        let mut chunk = vec![];
        Read::by_ref(&mut file)
            .take(CHUNK_BYTES)
            .read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        print(segmenter.push(&Bytes::from(chunk)));
    }
    print(segmenter.finish());
    Ok(())
}

fn print(events: Vec<Event>) {
    for event in events {
        match event {
            Event::Noticed(trouble) => println!("! {trouble}"),
            Event::Cut(segment) => {
                let broken = segment
                    .opening
                    .discontinuity
                    .map(|broken| format!(", {broken}"));
                println!(
                    "{:9.3} s, {:8} bytes, {} key frames, {:?}{}",
                    segment.duration.as_secs_f64(),
                    segment.media_bytes,
                    segment.keys.len(),
                    segment.ended,
                    broken.unwrap_or_default(),
                );
            }
        }
    }
}
