//! Builds the program anew when the web panel has changed; where there is none, at every build.

fn main() {
    println!("cargo:rerun-if-changed=../../panel/dist");
}
