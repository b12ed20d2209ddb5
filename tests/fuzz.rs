//! The corpus of `tests/fuzz`, replayed, and a bounded number of mutations of it, the same in every run: what coverage-guided
//! fuzzing once found stays found, without a nightly compiler. `FUZZ_RUNS=1000000 cargo test --test fuzz` looks further; for
//! coverage-guided fuzzing see tests/fuzz/README.md.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[path = "fuzz/parsers.rs"]
mod parsers;

use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;

/// Runs `check` on what the corpus holds for `target`, and on mutations.
fn fuzz(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).expect("a corpus").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!corpus.is_empty());
    let run = |input: &[u8]| {
        if let Err(panic) = catch_unwind(|| check(input)) {
            eprintln!("{target} fails on {}", input.escape_ascii());
            resume_unwind(panic);
        }
    };
    corpus.iter().for_each(|input| run(input));
    let runs = std::env::var("FUZZ_RUNS").map_or(20_000, |runs| runs.parse().expect("FUZZ_RUNS is a number"));
    let mut random = Random(target.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed, byte| seed.wrapping_mul(31) ^ u64::from(byte)));
    (0..runs).for_each(|_| run(&random.mutant(&corpus)));
}

/// xorshift64 (Marsaglia, 2003): the same inputs in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, corpus: &'a [Vec<u8>]) -> &'a [u8] {
        &corpus[self.below(corpus.len())]
    }

    fn mutant(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        const SPECIAL: &[u8] = b"\0\t\n\r \"#%&'+,-./09:;=?@AZ[\\]_az{|}~\x7f\xc2\xa0\xff";
        let mut input = self.pick(corpus).to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = (at + 1 + self.below(8)).min(input.len());
            match self.below(6) {
                0 => input.insert(at, SPECIAL[self.below(SPECIAL.len())]),
                1 => input.insert(at, self.below(256) as u8),
                2 => drop(input.drain(at.min(end)..end)),
                3 if at < input.len() => input[at] ^= 1 << self.below(8),
                4 => {
                    let piece = input[at.min(end)..end].to_vec();
                    input.splice(at..at, piece);
                }
                _ => {
                    let other = self.pick(corpus);
                    let from = self.below(other.len() + 1);
                    let to = from + self.below(other.len() - from + 1);
                    input.splice(at.min(end)..end, other[from..to].iter().copied());
                }
            }
        }
        input
    }
}

#[test]
fn server_url() {
    fuzz("server_url", parsers::server_url);
}

#[test]
fn tenant() {
    fuzz("tenant", parsers::tenant);
}

#[test]
fn client_id() {
    fuzz("client_id", parsers::client_id);
}

#[test]
fn client_secret() {
    fuzz("client_secret", parsers::client_secret);
}

#[test]
fn jwk() {
    fuzz("jwk", parsers::jwk);
}

#[test]
fn token() {
    fuzz("token", parsers::token);
}

#[test]
fn id() {
    fuzz("id", parsers::id);
}

#[test]
fn retry_after() {
    fuzz("retry_after", parsers::retry_after);
}
