//! A simulator of servers with rate limits, in virtual time, and of clients that send a list of requests to them.
//!
//! Nothing here waits: a run of minutes takes milliseconds. Random numbers come from a seed, so each run repeats exactly.

#![allow(dead_code)] // The table and the tests each use a part.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod clients;
pub mod servers;
pub mod table;

use clients::{Client, Step};
use servers::{Reply, Server, Verdict};
use std::collections::BTreeMap;

/// Random numbers between 0 and 1, from a seed (SplitMix64).
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What a run was like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// The shortest time in which the items can be sent, divided by the time that the run took.
    pub used: f64,
    /// Refused requests, divided by all requests.
    pub wasted: f64,
    /// The longest time without an accepted request, in milliseconds.
    pub stall: f64,
    /// How long the run took, in milliseconds.
    pub time: f64,
    /// Items that the server accepted, and when it accepted the last one.
    pub accepted: usize,
    pub last_accepted: f64,
    /// Requests sent while a `Retry-After` asked for none.
    pub disobeyed: usize,
}

enum Event {
    Arrive { item: usize, sent: f64, delay: f64 },
    Depart,
    Answer { item: usize, reply: Reply },
    Wake,
}

/// Events by time (times are positive: their bits sort as they do), and in the order they were made.
#[derive(Default)]
struct Queue {
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
}

impl Queue {
    fn push(&mut self, time: f64, event: Event) {
        self.count += 1;
        self.events.insert((time.max(0.0).to_bits(), self.count), event);
    }

    fn pop(&mut self) -> Option<(f64, Event)> {
        let ((time, _), event) = self.events.pop_first()?;
        Some((f64::from_bits(time), event))
    }
}

/// Has a client send so many items to a server, so many at once at most.
pub fn simulate(server: &Server, client: &mut dyn Client, items: usize, concurrency: usize, seed: u64) -> Outcome {
    let ideal = shortest(server, items, concurrency);
    let mut server = server.clone();
    let mut random = Random(seed);
    let mut queue = Queue::default();
    let mut outcome = Outcome::default();
    let mut in_flight = 0_usize;
    let (mut now, mut requests, mut refused) = (0.0_f64, 0_usize, 0_usize);
    let mut paused_until = 0.0_f64;
    let mut woken_at = 0.0;
    queue.push(0.0, Event::Wake);
    while let Some((time, event)) = queue.pop() {
        now = time;
        match event {
            // Replaced by an earlier one.
            Event::Wake if now != woken_at => continue,
            Event::Wake => woken_at = f64::INFINITY,
            Event::Depart => server.in_service -= 1,
            Event::Arrive { item, sent, delay } => {
                let reply = server.arrive(item, now);
                let back = match reply.verdict {
                    // A refusal costs the server no work.
                    Verdict::Refused => now + (now - sent),
                    _ => {
                        server.in_service += 1;
                        let service = delay * 0.6 * server.slowness();
                        queue.push(now + service, Event::Depart);
                        now + service + (now - sent)
                    }
                };
                queue.push(back, Event::Answer { item, reply });
                continue;
            }
            Event::Answer { item, reply } => {
                match reply.verdict {
                    Verdict::Accepted => {
                        outcome.accepted += 1;
                        outcome.stall = outcome.stall.max(now - outcome.last_accepted);
                        outcome.last_accepted = now;
                    }
                    Verdict::Refused | Verdict::Unavailable => refused += 1,
                }
                if let Some(wait) = reply.retry_after {
                    paused_until = paused_until.max(now + wait);
                }
                in_flight -= 1;
                client.answered(item, &reply, now, random.next());
            }
        }
        loop {
            match client.next(now) {
                Step::Send(item) => {
                    requests += 1;
                    in_flight += 1;
                    assert!(in_flight <= concurrency, "too many in flight");
                    assert!(requests < items * 100 + 10_000, "endless requests");
                    outcome.disobeyed += usize::from(now < paused_until);
                    let delay = server.latency * (0.8 + 0.4 * random.next());
                    queue.push(now + delay * 0.2, Event::Arrive { item, sent: now, delay });
                }
                Step::WaitUntil(time) => {
                    assert!(time > now, "waits for the past");
                    if time < woken_at {
                        woken_at = time;
                        queue.push(time, Event::Wake);
                    }
                    break;
                }
                Step::Wait => break,
                Step::Done => {
                    outcome.time = now;
                    outcome.used = ideal / now;
                    outcome.wasted = refused as f64 / requests as f64;
                    return outcome;
                }
            }
        }
    }
    panic!("the run hangs at {now}");
}

/// The shortest time in which a client that knows the server sends all items, in milliseconds.
fn shortest(server: &Server, items: usize, concurrency: usize) -> f64 {
    let mut server = Server { always_refused: |_| false, ..server.clone() };
    let mut busy: Vec<f64> = vec![0.0; concurrency];
    let mut left = items;
    let mut end = 0.0_f64;
    let mut now = 0.0;
    loop {
        // A request is in the server until it travels back.
        server.in_service = busy.iter().filter(|until| **until - server.latency * 0.2 > now).count();
        for until in &mut busy {
            if left > 0 && *until <= now && server.would_accept(now + server.latency * 0.2) {
                server.arrive(0, now + server.latency * 0.2);
                server.in_service += 1;
                *until = now + server.latency * (0.4 + 0.6 * server.slowness());
                end = end.max(*until);
                left -= 1;
            }
        }
        if left == 0 {
            return end;
        }
        now += 1.0;
    }
}
