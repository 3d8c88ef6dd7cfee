//! Gives the features of the capitalised words of texts to `train.py`, and finds names in them for its measurements.
//!
//! Compiled by `train.py` alone (`rustc`), no part of the library. Input: for each text its length in bytes as a decimal line,
//! then the text. Output: a line for each text; `features`: `start end partner kind number,number,... ` for each word (partner: the
//! start of the word that it directly follows, or its own end);
//! `names` and `addresses`: `start end confidence ` for each span.

/// What the library has, in its place there.
#[path = "../../../src/classify"]
mod classify {
    pub mod address;
    pub mod built {
        //! What its build would have made.

        pub fn weights_of_names() -> &'static [u8] {
            let table = include_str!("../../../src/classify/names/weights.tsv");
            super::names::weights::make(table).expect("a line is a block, an index and a weight").leak()
        }
    }
    pub mod names;
    pub mod reader;

    use std::io::{BufRead, Read, Write};

    pub fn run() {
        let mode = std::env::args().nth(1).unwrap_or_default();
        if mode == "blocks" {
            names::blocks().for_each(|(name, n)| println!("{name}\t{n}"));
            return;
        }
        let mut input = std::io::BufReader::new(std::io::stdin().lock());
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut line = String::new();
        let mut starts = 0usize;
        let mut total = 0usize;
        let mut spent = std::time::Duration::ZERO;
        while input.read_line(&mut line).is_ok_and(|n| n > 0) {
            let mut text = vec![0; line.trim().parse().expect("a length")];
            input.read_exact(&mut text).expect("a text");
            total += text.len();
            let began = std::time::Instant::now();
            match mode.as_str() {
                "features" => names::examples(&text, |word| write!(out, "{word} ").expect("written")),
                "names" | "addresses" => {
                    let (mut taken, names) = (0, mode == "names");
                    for p in 0..text.len() {
                        let may = if names { names::may_start(&text, p) } else { address::may_start(&text, p) };
                        if !may || p < taken {
                            continue;
                        }
                        starts += 1;
                        let found = if names { names::at(&text, p) } else { address::at(&text, p) };
                        if let Some((end, confidence)) = found {
                            write!(out, "{p} {end} {confidence:.3} ").expect("written");
                            if confidence >= 0.4 {
                                taken = end;
                            }
                        }
                    }
                }
                _ => panic!("features, names, addresses or blocks"),
            }
            spent += began.elapsed();
            writeln!(out).expect("written");
            line.clear();
        }
        let speed = total as f64 / 1e6 / spent.as_secs_f64();
        eprintln!("{mode}: {total} bytes, {starts} possible starts, {:.3} s, {speed:.1} MB/s", spent.as_secs_f64());
    }
}

fn main() {
    classify::run();
}
