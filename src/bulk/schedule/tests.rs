#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The arguments of a schedule.
#[derive(Clone, Copy, Debug)]
struct Options {
    concurrency: usize,
    finite: bool,
    backoff: Option<Backoff>,
}

fn scheduler(Options { concurrency, finite, backoff }: Options) -> Scheduler {
    Scheduler::new(concurrency, finite, backoff)
}

const OPTIONS: Options = Options { concurrency: 4, finite: true, backoff: Some(Backoff::DEFAULT) };

/// A request, or `None` for something that is no request. A second request with an id is a duplicate.
type Input = Option<u16>;

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reply {
    /// It ends the attempt.
    Ends(Outcome),
    /// It is rate limited. The body of the response takes this long.
    RateLimited { retry_after: Option<f64>, body: f64 },
    /// The attempt gets another token and sends the request again.
    AsksForToken,
}

const REVOKED: Reply = Reply::Ends(Outcome::Revoked);
const FAILED: Reply = Reply::Ends(Outcome::Failed);
const UNAVAILABLE: Reply = Reply::Ends(Outcome::Unavailable { retry_after: None });

fn limited(retry_after: Option<f64>) -> Reply {
    Reply::RateLimited { retry_after, body: 0.0 }
}

/// What the server does with the requests of one id, one after the other, and how long it takes over each. After the last
/// one it says that the credential is gone.
type Script = VecDeque<(Reply, f64)>;

#[derive(Clone, Debug)]
struct World {
    input: Vec<Input>,
    scripts: BTreeMap<u16, Script>,
    /// How long the input takes to give an item; nothing: an array, given at once.
    pull_delay: Option<f64>,
    abort_at: Option<f64>,
    /// How long each request waits for its token before it is sent.
    token_delay: f64,
    /// From when to when the token endpoint asks for a pause, and whether it says for how long.
    no_token: Option<(f64, f64, bool)>,
    random: f64,
}

#[derive(Debug, PartialEq)]
enum Event {
    Pulled,
    Token(usize),
    Head(usize, Reply),
    End(usize, Outcome),
    Woken,
    Abort,
}

/// What happened, for the tests to judge.
#[derive(Debug, Default)]
struct Run {
    settled: Vec<Settled>,
    /// The indices whose attempts began, in order.
    chosen: Vec<usize>,
    /// Time, index, and how many are in flight with it.
    sent: Vec<(f64, usize, usize)>,
    ends: Vec<(usize, Outcome)>,
    pulled: usize,
    end: f64,
    /// When it stopped before its end.
    stopped: Option<f64>,
    /// What the server has not done yet.
    scripts: BTreeMap<u16, Script>,
}

impl Run {
    /// How often this item was sent.
    fn requests(&self, index: usize) -> usize {
        self.sent.iter().filter(|sent| sent.1 == index).count()
    }
}

/// What a run was asked to do, to check that it does.
#[derive(Default)]
struct Pauses {
    until: f64,
    /// Whether the server has accepted nothing since the last pause, and the requests that it works on since.
    probing: bool,
    since: BTreeSet<usize>,
}

impl Pauses {
    /// After a report: whether it paused the run, for as long as it asked.
    fn asked(&mut self, retry_after: Option<f64>, scheduler: &Scheduler, now: f64) {
        let left = scheduler.pause_left(now).unwrap_or(0.0);
        if let Some(wait) = retry_after.filter(|wait| *wait <= MAX_PAUSE && !scheduler.stopped()) {
            assert!(left >= wait - 1e-6, "a pause is cut short: {left} for {wait}");
        }
        if left > 0.0 && now + left > self.until + 1e-6 {
            *self = Pauses { until: now + left, probing: true, since: BTreeSet::new() };
        }
    }

    fn sent(&mut self, index: usize, now: f64) {
        assert!(now >= self.until - 1e-6, "sent during a pause");
        if self.probing {
            self.since.remove(&index);
            assert!(self.since.is_empty(), "not alone after a pause");
        }
        self.since.insert(index);
    }

    /// The server has answered.
    fn answered(&mut self, index: usize, accepted: bool) {
        if self.since.remove(&index) && accepted {
            self.probing = false;
        }
    }
}

/// Plays a run in virtual time, and checks on the way what must hold at every step.
fn play(options: Options, world: &World) -> Run {
    let mut scheduler = scheduler(options);
    let mut run = Run { scripts: world.scripts.clone(), ..Run::default() };
    let mut pauses = Pauses::default();
    let mut events: Vec<(f64, Event)> = world.abort_at.map(|at| (at, Event::Abort)).into_iter().collect();
    // Attempts, and those of them that read the body of a response.
    let (mut alive, mut reading) = (BTreeSet::new(), BTreeSet::new());
    let (mut now, mut outstanding) = (0.0, 0_usize);
    for step in 0.. {
        assert!(step < 200_000, "the run does not end: {run:?}");
        let action = scheduler.poll(now);
        if run.stopped.is_none() {
            run.stopped = scheduler.stopped().then_some(now);
        }
        if let Action::Send(index) = action {
            assert_eq!(run.stopped, None, "to be sent after a stop");
            assert!(alive.insert(index), "two attempts of an item");
            run.chosen.push(index);
            events.push((now + world.token_delay, Event::Token(index)));
        }
        let in_flight = alive.len() - reading.len();
        assert_eq!(scheduler.in_flight(), in_flight);
        assert!(in_flight <= options.concurrency, "too many in flight");
        match action {
            Action::Pull(index) => {
                assert_eq!(index, run.pulled);
                match world.pull_delay {
                    Some(delay) => events.push((now + delay, Event::Pulled)),
                    None => give(&mut scheduler, world, &mut run, &mut outstanding, now),
                }
            }
            // Nothing is in doubt here.
            Action::Ask(_) => panic!("asked"),
            Action::Send(_) => {}
            Action::Settle(settled) => {
                assert!(!alive.contains(&settled.index), "settled during its attempt");
                outstanding -= 1;
                // As the driver does: what was sent was not skipped.
                let sent = run.requests(settled.index) > 0;
                let status = if sent && settled.status == Status::Skipped { Status::Failed } else { settled.status };
                run.settled.push(Settled { status, ..settled });
            }
            Action::Done => break,
            Action::Wait(until) => {
                if let Some(time) = until {
                    assert!(time > now, "waits for what is past");
                    events.push((time, Event::Woken));
                }
                let next = (0..events.len()).min_by(|a, b| events[*a].0.total_cmp(&events[*b].0));
                let (time, event) = events.remove(next.unwrap());
                now = now.max(time);
                match event {
                    Event::Pulled => give(&mut scheduler, world, &mut run, &mut outstanding, now),
                    Event::Token(index) => {
                        let refused = world.no_token.filter(|(from, until, _)| (*from..*until).contains(&now));
                        if let Some((_, until, says_when)) = refused {
                            let retry_after = says_when.then_some(until - now);
                            events.push((now, Event::End(index, Outcome::NoToken { retry_after })));
                        } else if scheduler.may_send(index, now) {
                            assert!(!scheduler.stopped(), "sent after a stop");
                            pauses.sent(index, now);
                            run.sent.push((now, index, in_flight));
                            let script = run.scripts.get_mut(&world.input[index].unwrap()).unwrap();
                            let (reply, latency) = script.pop_front().unwrap_or((FAILED, 1.0));
                            events.push((now + latency, Event::Head(index, reply)));
                        } else {
                            assert!(!scheduler.may_send(index, now), "sent after all");
                            events.push((now, Event::End(index, Outcome::NotSent)));
                        }
                    }
                    Event::Head(index, Reply::Ends(outcome)) => events.push((now, Event::End(index, outcome))),
                    Event::Head(index, Reply::AsksForToken) => events.push((now + world.token_delay, Event::Token(index))),
                    Event::Head(index, Reply::RateLimited { retry_after, body }) => {
                        reading.insert(index);
                        pauses.answered(index, false);
                        scheduler.rate_limited(index, retry_after, now, world.random);
                        pauses.asked(retry_after, &scheduler, now);
                        events.push((now + body, Event::End(index, Outcome::RateLimited)));
                    }
                    Event::End(index, outcome) => {
                        alive.remove(&index);
                        reading.remove(&index);
                        run.ends.push((index, outcome));
                        pauses.answered(index, !is_silent(outcome));
                        scheduler.attempt_ended(index, outcome, now, world.random);
                        if let Outcome::NoToken { retry_after } = outcome {
                            pauses.asked(retry_after, &scheduler, now);
                        }
                    }
                    Event::Woken => {}
                    Event::Abort => scheduler.stop(),
                }
                events.retain(|(_, event)| *event != Event::Woken);
            }
        }
    }
    assert_eq!(scheduler.poll(now), Action::Done, "done is not for good");
    scheduler.pulled(Pulled::Request, now);
    assert_eq!(scheduler.poll(now), Action::Done, "what comes too late is taken");
    assert_eq!((alive.len(), outstanding), (0, 0), "done too early");
    run.end = now;
    run
}

/// Whether such an attempt ended without an answer of the API.
fn is_silent(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Unreachable | Outcome::NotSent | Outcome::RateLimited | Outcome::NoToken { .. })
}

fn give(scheduler: &mut Scheduler, world: &World, run: &mut Run, outstanding: &mut usize, now: f64) {
    let pulled = match world.input.get(run.pulled) {
        None => return scheduler.pulled(Pulled::End, now),
        Some(_) if is_new(world, run.pulled) => Pulled::Request,
        Some(_) => Pulled::Other,
    };
    run.pulled += 1;
    *outstanding += usize::from(pulled == Pulled::Request);
    scheduler.pulled(pulled, now);
}

/// Whether this is the first request with its id.
fn is_new(world: &World, index: usize) -> bool {
    let id = world.input[index];
    id.is_some() && !world.input[..index].contains(&id)
}

/// `script`: what the server does with one request after the other of an id.
fn world<S: IntoIterator<Item = (Reply, f64)>>(input: impl IntoIterator<Item = u16>, script: impl Fn(u16) -> S) -> World {
    let input: Vec<Input> = input.into_iter().map(Some).collect();
    let scripts = input.iter().flatten().map(|id| (*id, script(*id).into_iter().collect())).collect();
    World { input, scripts, pull_delay: None, abort_at: None, token_delay: 0.0, no_token: None, random: 1.0 }
}

fn always(reply: Reply) -> impl Fn(u16) -> Vec<(Reply, f64)> {
    move |_| vec![(reply, 100.0); 1000]
}

/// Items that the server always refuses, of a list that it otherwise accepts.
fn poisoned(items: u16, is_poison: impl Fn(u16) -> bool, retry_after: Option<f64>) -> World {
    world(0..items, |id| vec![(if is_poison(id) { limited(retry_after) } else { REVOKED }, 100.0); 200])
}

fn count(run: &Run, status: Status) -> usize {
    run.settled.iter().filter(|settled| settled.status == status).count()
}

fn times(run: &Run, index: usize) -> Vec<f64> {
    run.sent.iter().filter(|sent| sent.1 == index).map(|sent| sent.0).collect()
}

/// A schedule whose first items have been sent, for tests of single steps.
fn begun(options: Options, items: usize) -> Scheduler {
    let mut scheduler = scheduler(options);
    for index in 0..items {
        assert_eq!(scheduler.poll(0.0), Action::Pull(index));
        scheduler.pulled(Pulled::Request, 0.0);
        assert_eq!(scheduler.poll(0.0), Action::Send(index));
    }
    scheduler
}

#[test]
fn a_list_is_sent_in_order_at_full_concurrency() {
    let run = play(OPTIONS, &world(0..10, always(REVOKED)));
    assert_eq!(count(&run, Status::Revoked), 10);
    assert_eq!(run.sent.iter().map(|sent| sent.1).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!(run.end, 300.0);
    assert!(run.settled.iter().all(|settled| !settled.remaining));
}

#[test]
fn an_empty_list_is_done_at_once() {
    assert!(play(OPTIONS, &world([], always(REVOKED))).settled.is_empty());
}

#[test]
fn input_is_read_no_faster_than_it_is_sent() {
    let mut scheduler = begun(Options { concurrency: 2, ..OPTIONS }, 2);
    assert_eq!(scheduler.poll(0.0), Action::Wait(None));
    scheduler.attempt_ended(1, Outcome::Revoked, 1.0, 0.5);
    assert!(matches!(scheduler.poll(1.0), Action::Settle(Settled { index: 1, status: Status::Revoked, .. })));
    assert_eq!(scheduler.poll(1.0), Action::Pull(2));
    assert_eq!(scheduler.poll(1.0), Action::Wait(None));
}

#[test]
fn items_that_wait_for_a_retry_hold_up_the_input() {
    let slow = Options { backoff: Some(Backoff { initial_interval: 1e5, max_interval: 1e5, ..Backoff::DEFAULT }), ..OPTIONS };
    let run = play(Options { finite: false, ..slow }, &World { abort_at: Some(9e4), ..world(0..50, always(UNAVAILABLE)) });
    assert_eq!(run.pulled, 2 * OPTIONS.concurrency);
}

#[test]
fn at_most_ten_are_in_flight_until_the_first_response() {
    for (reply, most) in [(UNAVAILABLE, 32), (REVOKED, 32), (Reply::Ends(Outcome::Unreachable), 10)] {
        let run = play(Options { concurrency: 32, ..OPTIONS }, &world(0..100, always(reply)));
        assert_eq!(run.sent.iter().filter(|sent| sent.0 == 0.0).count(), 10);
        assert_eq!(run.sent.iter().map(|sent| sent.2).max(), Some(most), "{reply:?}");
    }
}

#[test]
fn pauses_without_retry_after_double_up_to_a_minute_and_stop_the_run_after_fifteen() {
    let run = play(Options { concurrency: 1, ..OPTIONS }, &world(0..3, always(limited(None))));
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0 - pair[0].0 - 100.0).collect();
    assert_eq!(waits[..8], [50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0]);
    assert_eq!(waits.iter().copied().fold(0.0, f64::max), 60_000.0);
    let paused: f64 = waits.iter().sum();
    assert!(run.stopped.is_some() && paused <= MAX_PAUSE && paused > MAX_PAUSE - 60_000.0, "{paused}");
    let first = run.settled.iter().find(|settled| settled.index == 0).unwrap();
    assert_eq!((first.status, first.remaining), (Status::Failed, true));
    assert_eq!(run.ends.len(), run.sent.len(), "before the server has accepted anything, no item fails");
}

#[test]
fn retry_after_is_obeyed_exactly_the_first_time_and_at_least_after_that() {
    let run = play(Options { concurrency: 1, ..OPTIONS }, &world(0..1, always(limited(Some(1000.0)))));
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0 - pair[0].0 - 100.0).collect();
    assert_eq!(waits[..7], [1000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1600.0, 3200.0]);
    let hasty = play(OPTIONS, &world(0..3, always(limited(Some(0.0)))));
    assert_eq!(hasty.sent[3].0, 100.0);
    assert!(hasty.sent.len() < 40, "{}", hasty.sent.len());
}

#[test]
fn a_machine_that_sleeps_is_not_refused() {
    let mut scheduler = begun(Options { concurrency: 1, ..OPTIONS }, 1);
    scheduler.rate_limited(0, Some(1000.0), 0.0, 1.0);
    scheduler.attempt_ended(0, Outcome::RateLimited, 0.0, 1.0);
    assert_eq!(scheduler.poll(0.0), Action::Pull(1));
    scheduler.pulled(Pulled::End, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Wait(Some(1000.0)));
    let morning = 8.0 * 3_600_000.0;
    assert_eq!(scheduler.poll(morning), Action::Send(0));
    scheduler.rate_limited(0, Some(1000.0), morning, 1.0);
    scheduler.attempt_ended(0, Outcome::RateLimited, morning, 1.0);
    assert_eq!((scheduler.stopped(), scheduler.poll(morning)), (false, Action::Wait(Some(morning + 1000.0))));
}

const DAYS: f64 = 3.0 * 86_400_000.0;

#[test]
fn an_item_that_is_refused_for_days_fails_at_once_and_alone() {
    for wait in [DAYS, f64::INFINITY, f64::NAN, MAX_PAUSE + 1.0] {
        for concurrency in [1, 2, 6, 32] {
            for poison in [vec![0], vec![25], vec![49], vec![24, 25], vec![2, 20, 40]] {
                let case = (wait, concurrency, &poison);
                let run = play(Options { concurrency, ..OPTIONS }, &poisoned(50, |id| poison.contains(&id), Some(wait)));
                assert_eq!((run.stopped, count(&run, Status::Revoked)), (None, 50 - poison.len()), "{case:?}");
                let failed: Vec<_> = run.settled.iter().filter(|item| item.status == Status::Failed).collect();
                assert!(failed.iter().all(|item| poison.contains(&(item.index as u16)) && item.remaining));
                assert!(failed.iter().all(|item| run.requests(item.index) == 1));
                let longest = 100.0 * (50.0 / concurrency as f64 + 2.0 * poison.len() as f64 + 10.0);
                assert!(run.end <= longest, "{case:?}: {}", run.end);
            }
        }
    }
}

#[test]
fn three_probes_in_a_row_that_are_refused_for_days_stop_the_run() {
    for concurrency in [1, 2, 6, 32] {
        for accepted in [0, 40] {
            let run = play(Options { concurrency, ..OPTIONS }, &poisoned(100, |id| id >= accepted, Some(DAYS)));
            assert!(run.stopped.is_some());
            assert_eq!(count(&run, Status::Revoked), accepted as usize);
            let refused = run.sent.len() - accepted as usize;
            assert!((3..concurrency + 3).contains(&refused), "{concurrency}, {accepted}: {refused}");
            assert!(run.settled.iter().all(|item| item.remaining == (item.index >= accepted as usize)));
        }
    }
}

#[test]
fn the_end_of_the_input_is_found_during_a_pause() {
    let mut scheduler = scheduler(OPTIONS);
    scheduler.paused_until = 1e6;
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::End, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Done);
}

#[test]
fn a_transient_failure_is_retried_with_a_backoff_up_to_the_limit() {
    let run = play(OPTIONS, &world(0..3, always(UNAVAILABLE)));
    assert!(
        run.settled
            .iter()
            .all(|item| (item.status, run.requests(item.index), item.remaining)
                == (Status::Failed, 1 + MAX_RETRIES as usize, true))
    );
    assert_eq!(times(&run, 0)[..4], [0.0, 600.0, 1450.0, 2675.0]);

    let once = play(Options { backoff: None, ..OPTIONS }, &world(0..3, always(UNAVAILABLE)));
    assert_eq!((once.sent.len(), once.end), (3, 100.0));
    let hurried = Options { backoff: Some(Backoff { max_elapsed: 1000.0, ..Backoff::DEFAULT }), ..OPTIONS };
    assert_eq!(play(hurried, &world(0..1, always(UNAVAILABLE))).sent.len(), 2);
}

#[test]
fn first_retry_uses_retry_after_exactly() {
    let asks = |wait| always(Reply::Ends(Outcome::Unavailable { retry_after: Some(wait) }));
    let run = play(OPTIONS, &World { random: 0.5, ..world(0..9, asks(30_000.0)) });
    assert_eq!(times(&run, 0)[..3], [0.0, 30_100.0, 60_200.0]);
    assert_eq!(run.sent[4].0, 100.0, "the run is not paused");
    let at_once = play(OPTIONS, &World { random: 0.5, ..world(0..1, asks(0.0)) });
    assert_eq!(times(&at_once, 0)[..3], [0.0, 100.0, 762.5], "a second zero is not believed");
    assert_eq!(play(OPTIONS, &world(0..1, asks(MAX_PAUSE + 1.0))).sent.len(), 1);
}

#[test]
fn three_items_without_retries_left_stop_a_run_that_never_had_a_response() {
    let unreachable = Reply::Ends(Outcome::Unreachable);
    for concurrency in [1, 4] {
        let run = play(Options { concurrency, ..OPTIONS }, &world(0..1000, always(unreachable)));
        assert!(run.stopped.is_some());
        assert!(run.sent.len() <= 4 * concurrency.max(3) * (1 + MAX_RETRIES as usize), "{}", run.sent.len());
        assert!(run.settled.iter().all(|item| item.remaining));
    }
    let once = play(Options { backoff: None, concurrency: 1, ..OPTIONS }, &world(0..1000, always(unreachable)));
    assert_eq!(once.sent.len(), 3);

    for response in [REVOKED, FAILED, UNAVAILABLE, limited(Some(1000.0)), Reply::Ends(Outcome::Lost)] {
        let script = |id| vec![(if id == 0 { response } else { unreachable }, 100.0); 20];
        let run = play(Options { backoff: None, concurrency: 1, ..OPTIONS }, &world(0..20, script));
        assert_eq!((run.stopped, run.settled.len()), (None, 20), "{response:?}");
    }
}

#[test]
fn an_unknown_outcome_is_not_retried_and_remains() {
    let run = play(OPTIONS, &world(0..9, always(Reply::Ends(Outcome::Lost))));
    assert!(run.settled.iter().all(|item| (item.status, run.requests(item.index), item.remaining) == (Status::Failed, 1, true)));
}

#[test]
fn a_refused_token_stops_the_run() {
    let mut world = world(0..100, always(REVOKED));
    world.scripts.insert(5, [(Reply::Ends(Outcome::Unauthorized), 50.0)].into());
    let run = play(OPTIONS, &world);
    assert_eq!(run.stopped, Some(150.0));
    assert_eq!((count(&run, Status::Revoked), count(&run, Status::Failed), count(&run, Status::Skipped)), (7, 1, 92));
    assert_eq!(run.settled.iter().filter(|item| item.remaining).count(), 93);

    let endless = play(Options { finite: false, ..OPTIONS }, &world);
    assert_eq!((endless.settled.len(), endless.pulled), (8, 8));
}

#[test]
fn a_stop_skips_what_was_not_sent_and_waits_for_what_was() {
    let mut scheduler = begun(OPTIONS, 3);
    assert!(scheduler.may_send(1, 0.0));
    assert!(scheduler.may_send(2, 0.0));
    scheduler.rate_limited(2, Some(1000.0), 5.0, 0.5);
    scheduler.stop();
    assert!(!scheduler.may_send(0, 5.0));
    assert_eq!(scheduler.pause_left(5.0), None);
    for (index, outcome, status) in [
        (0, Outcome::NotSent, Status::Skipped),
        (1, Outcome::Unavailable { retry_after: None }, Status::Failed),
        (2, Outcome::RateLimited, Status::Failed),
    ] {
        scheduler.attempt_ended(index, outcome, 10.0, 0.5);
        assert_eq!(scheduler.poll(10.0), Action::Settle(Settled { index, status, remaining: true }));
    }
}

#[test]
fn reports_without_an_attempt_are_ignored() {
    let mut scheduler = scheduler(OPTIONS);
    scheduler.pulled(Pulled::Request, 0.0);
    scheduler.attempt_ended(0, Outcome::Revoked, 0.0, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    scheduler.attempt_ended(0, Outcome::Revoked, 0.0, 0.0);
    scheduler.rate_limited(0, None, 0.0, 0.0);
    assert!(!scheduler.may_send(0, 0.0));
    assert_eq!(scheduler.poll(0.0), Action::Send(0));
    scheduler.attempt_ended(1, Outcome::Revoked, 0.0, 0.0);
    scheduler.attempt_ended(0, Outcome::Revoked, 0.0, 0.0);
    scheduler.attempt_ended(0, Outcome::Failed, 0.0, 0.0);
    assert!(matches!(scheduler.poll(0.0), Action::Settle(Settled { status: Status::Revoked, .. })));
    assert_eq!(scheduler.poll(0.0), Action::Pull(1));
}

#[test]
fn memory_does_not_grow_with_an_endless_input() {
    let mut scheduler = scheduler(OPTIONS);
    let mut settled = 0;
    while settled < 100_000 {
        match scheduler.poll(0.0) {
            Action::Pull(_) => scheduler.pulled(Pulled::Request, 0.0),
            Action::Send(index) => scheduler.attempt_ended(index, Outcome::Revoked, 0.0, 0.0),
            Action::Settle(_) => settled += 1,
            other => assert_eq!(other, Action::Done),
        }
    }
    assert!(scheduler.items.capacity() + scheduler.settled.capacity() < 64);
}

#[test]
fn an_item_that_is_always_refused_fails_alone_after_twelve_times() {
    for retry_after in [None, Some(0.0), Some(1000.0)] {
        for concurrency in [1, 2, 6, 32] {
            for poison in [1, 25, 48, 49] {
                let options = Options { concurrency, ..OPTIONS };
                let run = play(options, &poisoned(50, |id| id == poison, retry_after));
                let failed: Vec<_> = run.settled.iter().filter(|item| item.status == Status::Failed).collect();
                let case = (retry_after, concurrency, poison);
                assert_eq!((run.stopped, count(&run, Status::Revoked), failed.len()), (None, 49, 1), "{case:?}");
                assert_eq!((failed[0].index, failed[0].remaining), (poison as usize, true));
                let requests = run.requests(failed[0].index);
                // The first one may come before the server has accepted anything.
                assert!((12..=13).contains(&requests), "{case:?}: {requests}");
            }
        }
    }
}

#[test]
fn refusals_before_the_server_has_accepted_anything_do_not_count() {
    let script = |id| {
        let mut script = vec![(limited(None), 10.0); if id == 0 { 12 } else { 13 }];
        script.push((REVOKED, 10.0));
        script
    };
    let run = play(Options { concurrency: 1, ..OPTIONS }, &world(0..2, script));
    assert_eq!(run.ends.iter().rposition(|end| *end == (1, Outcome::RateLimited)), Some(25), "after item 0 is revoked");
    assert_eq!((count(&run, Status::Revoked), run.requests(1)), (2, 14));
}

#[test]
fn refusals_leave_an_item_all_its_retries() {
    // Refused for itself, while others are accepted: 6 refusals and 7 failures are more than 8 attempts.
    let script = |id| {
        let refused = |nth: u8| nth.is_multiple_of(2) && nth < 12;
        let failures = (0..13).map(|nth| (if refused(nth) { limited(Some(1000.0)) } else { UNAVAILABLE }, 100.0));
        failures.take(if id == 0 { 13 } else { 0 }).chain([(REVOKED, 100.0)]).collect::<Vec<_>>()
    };
    let run = play(Options { concurrency: 2, ..OPTIONS }, &world(0..400, script));
    assert_eq!((count(&run, Status::Revoked), run.requests(0)), (400, 14));
}

#[test]
fn a_rate_limited_item_goes_behind_all_others() {
    let script = |id| match id {
        1 => vec![(limited(Some(5000.0)), 50.0), (REVOKED, 100.0)],
        _ => vec![(REVOKED, 100.0)],
    };
    let run = play(OPTIONS, &world(0..60, script));
    assert_eq!(run.sent[4], (5050.0, 4, 1));
    assert_eq!(run.sent.last().unwrap().1, 1);
}

#[test]
fn a_list_that_begins_with_many_refused_items_gets_to_the_others() {
    for retry_after in [None, Some(1000.0)] {
        for concurrency in [1, 6, 32] {
            let run = play(Options { concurrency, ..OPTIONS }, &poisoned(200, |id| id < 50, retry_after));
            assert_eq!(count(&run, Status::Revoked), 150, "{retry_after:?}, {concurrency}");
        }
    }
}

#[test]
fn a_pause_begins_with_the_head_of_a_response_and_a_slow_body_holds_up_nothing() {
    for concurrency in [1, 4] {
        let script = |id| match id {
            0 => vec![(Reply::RateLimited { retry_after: Some(1000.0), body: 60_000.0 }, 50.0), (REVOKED, 100.0)],
            _ => vec![(REVOKED, 100.0)],
        };
        let run = play(Options { concurrency, ..OPTIONS }, &world(0..60, script));
        assert!(run.sent.iter().all(|sent| sent.0 <= 50.0 || sent.0 >= 1050.0));
        assert_eq!(run.sent[concurrency].0, 1050.0, "the probe does not wait for the body");
        assert_eq!(times(&run, 0), [0.0, 60_050.0]);
        assert!(run.sent.iter().filter(|sent| sent.0 > 50.0 && sent.0 < 20_000.0).count() >= 60 - 2 * concurrency);
    }
}

#[test]
fn what_gets_its_token_after_a_pause_is_sent_one_at_a_time() {
    let mut scheduler = begun(OPTIONS, 4);
    assert!(scheduler.may_send(0, 0.0));
    scheduler.rate_limited(0, Some(1000.0), 10.0, 0.5);
    assert!(!scheduler.may_send(1, 20.0), "during the pause");
    scheduler.attempt_ended(1, Outcome::NotSent, 20.0, 0.5);
    assert_eq!(scheduler.poll(20.0), Action::Wait(Some(1010.0)));
    // The probe waits for its token too.
    assert_eq!(scheduler.poll(1010.0), Action::Send(1));
    let leave: Vec<usize> = (1..4).filter(|index| scheduler.may_send(*index, 1100.0)).collect();
    assert_eq!(leave, [1]);
    for index in [2, 3] {
        scheduler.attempt_ended(index, Outcome::NotSent, 1100.0, 0.5);
    }
    assert_eq!(scheduler.poll(1100.0), Action::Wait(None));
    scheduler.attempt_ended(1, Outcome::Revoked, 1200.0, 0.5);
    assert!(matches!(scheduler.poll(1200.0), Action::Settle(Settled { index: 1, .. })));
    assert_eq!([scheduler.poll(1200.0), scheduler.poll(1200.0)], [Action::Send(2), Action::Send(3)]);
}

#[test]
fn a_probe_that_waits_for_its_token_during_another_pause_makes_way_for_the_next() {
    let mut scheduler = begun(OPTIONS, 3);
    assert!(scheduler.may_send(0, 0.0) && scheduler.may_send(1, 0.0));
    scheduler.rate_limited(0, Some(1000.0), 10.0, 0.5);
    assert_eq!(scheduler.poll(10.0), Action::Pull(3));
    scheduler.pulled(Pulled::Request, 10.0);
    assert_eq!(scheduler.poll(10.0), Action::Wait(Some(1010.0)));
    assert_eq!(scheduler.poll(1010.0), Action::Send(3));
    // A response to a request of before asks for more.
    scheduler.rate_limited(1, Some(5000.0), 1020.0, 0.5);
    assert_eq!(scheduler.pause_left(1020.0), Some(5000.0));
    assert_eq!(scheduler.poll(1020.0), Action::Pull(4));
    scheduler.pulled(Pulled::Request, 1020.0);
    assert_eq!(scheduler.poll(1020.0), Action::Wait(Some(6020.0)));
    assert_eq!(scheduler.poll(6020.0), Action::Send(4));
    assert!(!scheduler.may_send(3, 6030.0));
    assert!(scheduler.may_send(4, 6030.0));
}

#[test]
fn an_attempt_may_send_again_unless_a_pause_has_begun() {
    let mut scheduler = begun(OPTIONS, 2);
    assert!((0..3).all(|_| scheduler.may_send(0, 0.0)));
    assert!(scheduler.may_send(1, 0.0));
    scheduler.rate_limited(1, Some(1000.0), 10.0, 0.5);
    assert!(!scheduler.may_send(0, 10.0));
    assert!(!scheduler.may_send(0, 2000.0), "the attempt is over");
    scheduler.attempt_ended(0, Outcome::NotSent, 2000.0, 0.5);
    assert_eq!(scheduler.poll(2000.0), Action::Send(0));
    assert!((0..3).all(|_| scheduler.may_send(0, 2000.0)), "the probe too");
}

#[test]
fn a_late_refusal_pauses_the_run_again_and_one_is_sent_alone_after_it() {
    let script = |id| match id {
        0 => vec![(limited(Some(1000.0)), 50.0), (REVOKED, 100.0)],
        1 => vec![(limited(Some(1000.0)), 1500.0), (REVOKED, 100.0)],
        _ => vec![(REVOKED, 100.0)],
    };
    // `play` checks that it is alone.
    let run = play(OPTIONS, &world(0..60, script));
    assert!(run.sent.iter().any(|sent| sent.0 > 1050.0 && sent.0 < 1500.0));
    assert!(run.sent.iter().all(|sent| sent.0 <= 1500.0 || sent.0 >= 2500.0));
    assert_eq!(count(&run, Status::Revoked), 60);
}

#[test]
fn several_reports_of_the_token_endpoint_are_one_pause() {
    let mut scheduler = begun(OPTIONS, 4);
    for index in 0..4 {
        scheduler.attempt_ended(index, Outcome::NoToken { retry_after: Some(1000.0) }, 10.0, 1.0);
    }
    assert_eq!(scheduler.pause_left(10.0), Some(1000.0));
    assert_eq!([scheduler.poll(10.0), scheduler.poll(1010.0)], [Action::Wait(Some(1010.0)), Action::Send(0)]);
    assert_eq!(scheduler.poll(1010.0), Action::Wait(None), "one alone");
    scheduler.attempt_ended(0, Outcome::NoToken { retry_after: None }, 1010.0, 1.0);
    assert_eq!(scheduler.pause_left(1010.0), Some(100.0), "the second pause");
}

#[test]
fn no_item_fails_because_the_token_endpoint_asks_for_a_pause() {
    for says_when in [true, false] {
        let world = World { no_token: Some((0.0, 600_000.0, says_when)), ..world(0..20, always(REVOKED)) };
        let run = play(OPTIONS, &world);
        assert_eq!((run.stopped, count(&run, Status::Revoked), run.sent[0].0 >= 600_000.0), (None, 20, true));
        assert!(run.ends.len() < 20 + 4 + 25, "{}", run.ends.len());

        let for_hours = World { no_token: Some((0.0, 1e7, says_when)), ..world };
        let run = play(OPTIONS, &for_hours);
        assert!(run.stopped.unwrap() <= 1_000_000.0);
        assert_eq!((run.sent.len(), count(&run, Status::Skipped)), (0, 20));
    }
}

/// `days`: whether the server may ask for a pause that is too long.
fn failure(days: bool) -> impl Strategy<Value = Reply> {
    let limited = |retry_after| (Just(retry_after), prop_oneof![2 => Just(0.0), 1 => 0.0..20_000.0]);
    prop_oneof![
        3 => proptest::option::of(0.0..30_000.0).prop_map(|retry_after| Reply::Ends(Outcome::Unavailable { retry_after })),
        1 => Just(Reply::Ends(Outcome::Unreachable)),
        1 => Just(Reply::AsksForToken),
        2 => proptest::option::of(0.0..30_000.0).prop_flat_map(limited).prop_map(|(retry_after, body)| Reply::RateLimited { retry_after, body }),
        u32::from(days) => Just(limited_for_days()),
    ]
}

fn limited_for_days() -> Reply {
    limited(Some(DAYS))
}

/// Failures that pass, fewer than an item has attempts, and then an end.
fn script(ends: BoxedStrategy<Reply>, days: bool) -> impl Strategy<Value = Script> {
    let latency = || 0.0..5_000.0;
    let failures = proptest::collection::vec((failure(days), latency()), 0..MAX_RETRIES as usize);
    (failures, ends, latency()).prop_map(|(mut script, end, latency)| {
        script.push((end, latency));
        script.into()
    })
}

/// `stops`: whether an abort or a pause that is too long may keep items from being revoked.
fn worlds(ends: BoxedStrategy<Reply>, stops: bool) -> impl Strategy<Value = World> {
    let input = proptest::collection::vec(proptest::option::weighted(0.95, 0_u16..40), 0..60);
    let scripts = proptest::collection::vec(script(ends, stops), 40);
    let pull_delay = proptest::option::of(0.0..1_000.0);
    let abort_at = proptest::option::of(0.0..50_000.0).prop_map(move |at| at.filter(|_| stops));
    let token_delay = prop_oneof![Just(0.0), 0.0..3_000.0];
    let no_token = proptest::option::of((0.0..30_000.0, 0.0..60_000.0, any::<bool>()));
    (input, scripts, pull_delay, abort_at, token_delay, no_token, 0.0..1.0).prop_map(
        |(input, scripts, pull_delay, abort_at, token_delay, no_token, random)| World {
            input,
            scripts: (0..).zip(scripts).collect(),
            pull_delay,
            abort_at,
            token_delay,
            no_token: no_token.map(|(from, length, says_when)| (from, from + length, says_when)),
            random,
        },
    )
}

fn options() -> impl Strategy<Value = Options> {
    (1_usize..9, any::<bool>()).prop_map(|(concurrency, finite)| Options { concurrency, finite, ..OPTIONS })
}

/// What holds whatever happens. (`play` has checked: the bound on what is in flight, one attempt of an item at a time, nothing sent
/// after a stop or in a pause, one request alone after a pause, that the run ends, and ends once.)
fn check(options: &Options, world: &World, run: &Run) -> Result<(), TestCaseError> {
    let items: BTreeMap<usize, Settled> = run.settled.iter().map(|settled| (settled.index, *settled)).collect();
    prop_assert_eq!(items.len(), run.settled.len(), "settled twice");
    prop_assert!(items.keys().copied().eq((0..run.pulled).filter(|index| is_new(world, *index))), "not settled");
    prop_assert!(run.pulled == world.input.len() || run.stopped.is_some() && !options.finite);

    let mut firsts = BTreeSet::new();
    let first_sent: Vec<usize> = run.chosen.iter().copied().filter(|index| firsts.insert(*index)).collect();
    prop_assert!(first_sent.windows(2).all(|pair| pair[0] < pair[1]), "not in input order");

    for (index, item) in &items {
        let ends: Vec<Outcome> = run.ends.iter().filter(|end| end.0 == *index).map(|end| end.1).collect();
        prop_assert_eq!(ends.len(), run.chosen.iter().filter(|chosen| **chosen == *index).count(), "an attempt has not ended");
        let successes = ends.iter().filter(|end| **end == Outcome::Revoked).count();
        prop_assert!(successes <= 1, "revoked twice");
        prop_assert_eq!(item.status == Status::Revoked, successes == 1, "the report lies");
        prop_assert_eq!(item.status == Status::Skipped, run.requests(*index) == 0);
        prop_assert_eq!(item.remaining, !matches!(ends.last(), Some(Outcome::Revoked | Outcome::Failed)));
    }
    Ok(())
}

/// How many random schedules each property is checked with: a quarter of `BULK_SCHEDULES`.
fn schedules() -> u32 {
    std::env::var("BULK_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000) / 4
}

fn revoked_or_failed() -> BoxedStrategy<Reply> {
    prop_oneof![4 => Just(REVOKED), 1 => Just(FAILED)].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: schedules(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn guarantees_hold_whatever_happens(
        options in options(),
        world in worlds(prop_oneof![6 => Just(REVOKED), 2 => Just(FAILED), 1 => Just(Reply::Ends(Outcome::Unauthorized))].boxed(), true)
    ) {
        let run = play(options, &world);
        check(&options, &world, &run)?;
    }

    #[test]
    fn an_aborted_run_and_one_with_what_remains_revoke_each_item_once(
        options in options(), world in worlds(revoked_or_failed(), false), abort_at in 0.0..100_000.0
    ) {
        // Pauses count as time of an item, and here they may add up to hours.
        let options = Options { finite: true, backoff: Some(Backoff { max_elapsed: f64::INFINITY, ..Backoff::DEFAULT }), ..options };
        let first = play(options, &World { abort_at: Some(abort_at), ..world.clone() });
        let mut remaining: Vec<usize> = first.settled.iter().filter(|item| item.remaining).map(|item| item.index).collect();
        remaining.sort_unstable();
        let rest = World {
            input: remaining.iter().map(|index| world.input[*index]).collect(), scripts: first.scripts.clone(), no_token: None, ..world.clone()
        };
        let second = play(options, &rest);
        let revoked = |run: &Run, world: &World| -> Vec<u16> {
            run.settled.iter().filter(|item| item.status == Status::Revoked).filter_map(|item| world.input[item.index]).collect()
        };
        let mut all = [revoked(&first, &world), revoked(&second, &rest)].concat();
        all.sort_unstable();
        let valid: BTreeSet<u16> = world.input.iter().flatten().copied().filter(|id| world.scripts[id].back().unwrap().0 == REVOKED).collect();
        prop_assert_eq!(all, valid.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn whatever_can_be_revoked_is_revoked(options in options(), world in worlds(revoked_or_failed(), false)) {
        let options = Options { backoff: Some(Backoff { max_elapsed: f64::INFINITY, ..Backoff::DEFAULT }), ..options };
        let run = play(options, &world);
        check(&options, &world, &run)?;
        prop_assert_eq!(run.stopped, None);
        for settled in &run.settled {
            let can_be = world.input[settled.index].is_some_and(|id| world.scripts[&id].back().unwrap().0 == REVOKED);
            prop_assert_eq!(settled.status, if can_be { Status::Revoked } else { Status::Failed });
        }
    }

    #[test]
    fn a_server_that_only_refuses_ends_every_run(
        options in options(), mut world in worlds(Just(REVOKED).boxed(), false), wait in proptest::option::of(0.0..1e9), latency in 0.0..1e4
    ) {
        world.no_token = None;
        world.scripts.values_mut().for_each(|script| *script = vec![(limited(wait), latency); 200].into());
        let run = play(options, &world);
        check(&options, &world, &run)?;
        prop_assert_eq!(count(&run, Status::Revoked), 0);
        prop_assert!(run.settled.iter().all(|item| item.remaining));
        let busy = run.chosen.len() as f64 * (latency + world.token_delay) + run.pulled as f64 * world.pull_delay.unwrap_or(0.0);
        prop_assert!(run.chosen.len() < 400 && run.end <= MAX_PAUSE + busy + 6e4, "{}, {}", run.chosen.len(), run.end);
    }

    #[test]
    fn items_that_are_always_refused_starve_nobody(
        concurrency in 1_usize..9, items in 2_u16..80, poison in proptest::collection::btree_set(0_u16..80, 0..12),
        retry_after in proptest::option::of(0.0..3_000.0), token_delay in prop_oneof![Just(0.0), 0.0..500.0], random in 0.0..1.0
    ) {
        let options = Options { concurrency, ..OPTIONS };
        let others = (0..items).filter(|id| !poison.contains(id)).count();
        let world = World { token_delay, random, ..poisoned(items, |id| poison.contains(&id), retry_after) };
        let run = play(options, &world);
        check(&options, &world, &run)?;
        prop_assert_eq!(count(&run, Status::Revoked), others);
        prop_assert!(run.stopped.is_none() || run.settled.iter().all(|item| item.status != Status::Skipped));
    }
}

// --- Items in doubt ---

/// A run of one item, whose first attempt has begun.
fn of_one_item() -> Scheduler {
    let mut scheduler = scheduler(OPTIONS);
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Send(0));
    assert!(scheduler.may_send(0, 0.0));
    scheduler
}

/// Ends the attempt of item 0 with an outcome that leaves doubt.
fn doubt(scheduler: &mut Scheduler, outcome: Outcome, now: f64) {
    scheduler.in_doubt(0);
    scheduler.attempt_ended(0, outcome, now, 1.0);
}

/// The next action that is not a wait, and when it is due.
fn next(scheduler: &mut Scheduler, now: &mut f64) -> Action {
    loop {
        match scheduler.poll(*now) {
            Action::Wait(until) => *now = until.unwrap(),
            Action::Pull(_) => scheduler.pulled(Pulled::End, *now),
            action => return action,
        }
    }
}

#[test]
fn an_item_in_doubt_is_asked_about_before_it_is_sent_again() {
    let (mut scheduler, mut now) = (of_one_item(), 0.0);
    doubt(&mut scheduler, Outcome::Unavailable { retry_after: Some(2000.0) }, now);
    assert_eq!((next(&mut scheduler, &mut now), now), (Action::Ask(0), 2000.0));
    assert_eq!(scheduler.in_flight(), 1);
    assert!(scheduler.may_send(0, now));
    // It is in use, or there is no answer: the retries go on.
    scheduler.attempt_ended(0, Outcome::Lost, now, 1.0);
    assert_eq!(next(&mut scheduler, &mut now), Action::Send(0));
    scheduler.attempt_ended(0, Outcome::Failed, now, 1.0);
    let failed = Settled { index: 0, status: Status::Failed, remaining: false };
    assert_eq!(next(&mut scheduler, &mut now), Action::Settle(failed));
    assert_eq!(next(&mut scheduler, &mut now), Action::Done);
}

#[test]
fn an_item_in_doubt_is_asked_about_before_it_fails() {
    let failed = Settled { index: 0, status: Status::Failed, remaining: true };
    for (answer, settled) in [
        (Outcome::Lost, failed),
        (Outcome::Revoked, Settled { status: Status::Revoked, remaining: false, ..failed }),
        (Outcome::Failed, Settled { remaining: false, ..failed }),
    ] {
        let (mut scheduler, mut now) = (of_one_item(), 0.0);
        doubt(&mut scheduler, Outcome::Lost, now);
        assert_eq!((next(&mut scheduler, &mut now), now), (Action::Ask(0), 0.0));
        scheduler.attempt_ended(0, answer, now, 1.0);
        assert_eq!(next(&mut scheduler, &mut now), Action::Settle(settled), "{answer:?}");
    }
}

#[test]
fn a_question_that_fails_is_repeated() {
    for failure in [Outcome::Unreachable, Outcome::Unavailable { retry_after: None }, Outcome::NotSent] {
        let (mut scheduler, mut now) = (of_one_item(), 0.0);
        doubt(&mut scheduler, Outcome::Lost, now);
        assert_eq!(next(&mut scheduler, &mut now), Action::Ask(0));
        scheduler.attempt_ended(0, failure, now, 1.0);
        assert_eq!(next(&mut scheduler, &mut now), Action::Ask(0), "{failure:?}");
    }
}

#[test]
fn the_last_refusal_of_an_item_in_doubt_is_followed_by_a_question() {
    let (mut scheduler, mut now) = (of_one_item(), 0.0);
    scheduler.attempt_ended(0, Outcome::Unavailable { retry_after: Some(0.0) }, now, 1.0);
    // A 503 with `Retry-After`: it pauses the run, and it leaves doubt.
    for refusal in 1..=MAX_RATE_LIMITED {
        loop {
            match next(&mut scheduler, &mut now) {
                Action::Send(0) => break,
                Action::Ask(0) => scheduler.attempt_ended(0, Outcome::Lost, now, 1.0),
                other => panic!("{other:?} before refusal {refusal}"),
            }
        }
        scheduler.rate_limited(0, Some(1000.0), now, 1.0);
        doubt(&mut scheduler, Outcome::RateLimited, now);
    }
    assert_eq!(next(&mut scheduler, &mut now), Action::Ask(0));
    scheduler.attempt_ended(0, Outcome::Lost, now, 1.0);
    let failed = Settled { index: 0, status: Status::Failed, remaining: true };
    assert_eq!(next(&mut scheduler, &mut now), Action::Settle(failed));
}

#[test]
fn nothing_is_asked_during_a_pause_or_after_a_stop() {
    let (mut scheduler, mut now) = (of_one_item(), 0.0);
    scheduler.rate_limited(0, Some(5000.0), now, 1.0);
    doubt(&mut scheduler, Outcome::RateLimited, now);
    assert_eq!((next(&mut scheduler, &mut now), now), (Action::Ask(0), 5000.0));
    assert!(scheduler.may_send(0, now));
    // The question can be refused, too.
    scheduler.rate_limited(0, Some(7000.0), now, 1.0);
    assert!(!scheduler.may_send(0, now));
    scheduler.attempt_ended(0, Outcome::RateLimited, now, 1.0);
    assert_eq!((next(&mut scheduler, &mut now), now), (Action::Ask(0), 12_000.0));
    scheduler.stop();
    assert!(!scheduler.may_send(0, now));
    scheduler.attempt_ended(0, Outcome::NotSent, now, 1.0);
    let skipped = Settled { index: 0, status: Status::Skipped, remaining: true };
    assert_eq!(next(&mut scheduler, &mut now), Action::Settle(skipped));

    let (mut scheduler, mut now) = (of_one_item(), 0.0);
    scheduler.stop();
    doubt(&mut scheduler, Outcome::Lost, now);
    assert!(matches!(next(&mut scheduler, &mut now), Action::Settle(Settled { status: Status::Failed, remaining: true, .. })));
}

#[test]
fn an_item_that_is_asked_about_in_vain_counts_once_as_unreachable() {
    let (mut scheduler, mut now) = (scheduler(Options { concurrency: 1, backoff: None, ..OPTIONS }), 0.0);
    let mut settled = 0;
    for _ in 0..100 {
        match scheduler.poll(now) {
            Action::Pull(index) => scheduler.pulled(if index < 5 { Pulled::Request } else { Pulled::End }, now),
            Action::Send(index) => {
                scheduler.in_doubt(index);
                scheduler.attempt_ended(index, Outcome::Unreachable, now, 1.0);
            }
            Action::Ask(index) => scheduler.attempt_ended(index, Outcome::Unreachable, now, 1.0),
            Action::Settle(Settled { status, .. }) => settled += usize::from(status == Status::Failed),
            Action::Wait(until) => now = until.unwrap(),
            Action::Done => break,
        }
    }
    assert_eq!((settled, scheduler.stopped()), (MAX_UNREACHABLE as usize, true));
}

/// How each attempt of an item ends, the last one for ever, and whether it leaves doubt.
fn endings() -> impl Strategy<Value = Vec<(Outcome, bool)>> {
    let outcome = prop_oneof![
        proptest::option::of(0.0..20_000.0).prop_map(|retry_after| Outcome::Unavailable { retry_after }),
        Just(Outcome::Unreachable),
        Just(Outcome::Lost),
        Just(Outcome::NotSent),
        proptest::option::of(0.0..20_000.0).prop_map(|retry_after| Outcome::NoToken { retry_after }),
        Just(Outcome::RateLimited),
    ];
    let last = prop_oneof![Just(Outcome::Revoked), Just(Outcome::Failed), Just(Outcome::Lost)];
    (proptest::collection::vec((outcome, any::<bool>()), 0..12), last)
        .prop_map(|(endings, last)| endings.into_iter().chain([(last, false)]).collect())
}

proptest! {
    #[test]
    fn an_item_in_doubt_is_neither_sent_nor_settled_before_it_is_asked_about(
        worlds in proptest::collection::vec(endings(), 1..6), concurrency in 1_usize..4, stop_at in proptest::option::of(0_usize..60), random in 0.0..1.0
    ) {
        let mut scheduler = scheduler(Options { concurrency, ..OPTIONS });
        let (mut now, mut in_flight) = (0.0, VecDeque::new());
        // The items in doubt, and whether they have been asked about.
        let (mut attempts, mut in_doubt, mut settled) = (vec![0; worlds.len()], BTreeMap::new(), BTreeSet::new());
        for step in 0.. {
            prop_assert!(step < 10_000, "it does not end");
            if Some(step) == stop_at {
                scheduler.stop();
            }
            let action = scheduler.poll(now);
            match action {
                Action::Pull(index) => {
                    scheduler.pulled(if index < worlds.len() { Pulled::Request } else { Pulled::End }, now);
                }
                Action::Send(index) | Action::Ask(index) => {
                    prop_assert!(!scheduler.stopped() && scheduler.pause_left(now).is_none());
                    match action {
                        Action::Send(_) => prop_assert!(in_doubt.get(&index) != Some(&false), "sent in doubt"),
                        _ => prop_assert!(in_doubt.contains_key(&index), "asked without doubt"),
                    }
                    in_flight.push_back((index, action));
                }
                Action::Settle(Settled { index, .. }) => {
                    prop_assert!(settled.insert(index));
                    prop_assert!(scheduler.stopped() || in_doubt.get(&index) != Some(&false), "settled in doubt");
                }
                Action::Wait(until) => match in_flight.pop_front() {
                    None => now = until.unwrap(),
                    Some((index, action)) => {
                        now += 100.0;
                        let (outcome, doubt) = worlds[index][attempts[index].min(worlds[index].len() - 1)];
                        attempts[index] += 1;
                        let outcome = if scheduler.may_send(index, now) { outcome } else { Outcome::NotSent };
                        if outcome == Outcome::RateLimited {
                            scheduler.rate_limited(index, Some(1000.0), now, random);
                        }
                        let sent = !matches!(outcome, Outcome::NotSent | Outcome::NoToken { .. });
                        match action {
                            Action::Ask(_) => {
                                in_doubt.insert(index, true);
                            }
                            _ if doubt && sent => {
                                scheduler.in_doubt(index);
                                in_doubt.insert(index, false);
                            }
                            _ => {}
                        }
                        scheduler.attempt_ended(index, outcome, now, random);
                    }
                },
                Action::Done => break,
            }
        }
        prop_assert_eq!(settled.len(), worlds.len());
    }
}
