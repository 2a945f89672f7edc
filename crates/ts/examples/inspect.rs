//! Prints what a transport stream file says of itself; a number behind its name makes it look so often, to be timed.

use std::error::Error;
use std::hint::black_box;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: inspect FILE [TIMES]")?;
    let times: u64 = arguments.next().map_or(Ok(1), |times| times.parse())?;
    let chunks = [std::fs::read(path)?.into()];
    for _ in 1..times {
        black_box(ts::inspect(black_box(&chunks))?);
    }
    println!("{:#?}", ts::inspect(&chunks)?);
    Ok(())
}
