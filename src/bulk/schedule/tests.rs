#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn refused(retry_after: Option<f64>) -> Outcome {
    Outcome::RateLimited { retry_after }
}

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

/// What the server does with the requests of one id, one after the other, and how long it takes over each. After the last
/// one it says that the credential is gone.
type Script = Vec<(Outcome, f64)>;

#[derive(Clone, Debug)]
struct World {
    input: Vec<Input>,
    scripts: BTreeMap<u16, Script>,
    /// How long the input takes to give an item; nothing: an array, given at once.
    pull_delay: Option<f64>,
    abort_at: Option<f64>,
    /// How long each request waits for its token before it is sent.
    token_delay: f64,
    random: f64,
}

#[derive(Debug, PartialEq)]
enum Event {
    Pulled,
    Token(usize),
    Answered(usize, Outcome),
    Woken,
    Abort,
}

/// What happened, for the tests to judge.
#[derive(Debug, Default)]
struct Run {
    settled: Vec<Settled>,
    /// The indices that were to be sent, in order.
    chosen: Vec<usize>,
    /// Time, index, and how many are in flight with it.
    sent: Vec<(f64, usize, usize)>,
    answers: Vec<(f64, usize, Outcome)>,
    pulled: usize,
    end: f64,
    /// When it stopped before its end.
    stopped: Option<f64>,
}

impl Run {
    /// How often this item was sent.
    fn attempts(&self, index: usize) -> usize {
        self.sent.iter().filter(|sent| sent.1 == index).count()
    }
}

/// Plays a run in virtual time, and checks on the way what must hold at every step.
fn play(options: Options, world: &World) -> Run {
    let mut scheduler = scheduler(options);
    let mut run = Run::default();
    let mut scripts: BTreeMap<u16, std::vec::IntoIter<(Outcome, f64)>> =
        world.scripts.iter().map(|(id, script)| (*id, script.clone().into_iter())).collect();
    let mut events: Vec<(f64, Event)> = world.abort_at.map(|at| (at, Event::Abort)).into_iter().collect();
    let (mut now, mut in_flight, mut outstanding) = (0.0, 0, 0_usize);
    let mut paused_until = 0.0_f64;
    for step in 0.. {
        assert!(step < 100_000, "the run does not end: {run:?}");
        let action = scheduler.poll(now);
        if run.stopped.is_none() {
            run.stopped = scheduler.stopped().then_some(now);
        }
        assert_eq!(scheduler.in_flight(), in_flight + usize::from(matches!(action, Action::Send(_))));
        match action {
            Action::Pull(index) => {
                assert_eq!(index, run.pulled);
                match world.pull_delay {
                    Some(delay) => events.push((now + delay, Event::Pulled)),
                    None => give(&mut scheduler, world, &mut run, &mut outstanding, now),
                }
            }
            Action::Send(index) => {
                assert_eq!(run.stopped, None, "to be sent after a stop");
                in_flight += 1;
                assert!(in_flight <= options.concurrency, "too many in flight");
                run.chosen.push(index);
                events.push((now + world.token_delay, Event::Token(index)));
            }
            Action::Settle(settled) => {
                outstanding -= 1;
                // As the driver does: what was sent was not skipped.
                let sent = run.attempts(settled.index) > 0;
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
                        if scheduler.may_send(index, now) {
                            assert!(!scheduler.stopped(), "sent after a stop");
                            assert!(now >= paused_until, "sent during a pause");
                            run.sent.push((now, index, in_flight));
                            let script = scripts.get_mut(&world.input[index].unwrap()).unwrap();
                            let (outcome, latency) = script.next().unwrap_or((Outcome::Failed, 1.0));
                            events.push((now + latency, Event::Answered(index, outcome)));
                        } else {
                            in_flight -= 1;
                            scheduler.answered(index, Outcome::Unsent, None, now, world.random);
                        }
                    }
                    Event::Answered(index, outcome) => {
                        in_flight -= 1;
                        match outcome {
                            Outcome::RateLimited { retry_after: Some(wait) } if wait <= MAX_PAUSE => {
                                paused_until = paused_until.max(now + wait);
                            }
                            _ => {}
                        }
                        run.answers.push((now, index, outcome));
                        scheduler.answered(index, outcome, None, now, world.random);
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
    assert_eq!((in_flight, outstanding), (0, 0), "done too early");
    run.end = now;
    run
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

fn world(input: impl IntoIterator<Item = u16>, script: impl Fn(u16) -> Script) -> World {
    let input: Vec<Input> = input.into_iter().map(Some).collect();
    let scripts = input.iter().flatten().map(|id| (*id, script(*id))).collect();
    World { input, scripts, pull_delay: None, abort_at: None, token_delay: 0.0, random: 1.0 }
}

fn always(outcome: Outcome) -> impl Fn(u16) -> Script {
    move |_| vec![(outcome, 100.0); 1000]
}

fn count(run: &Run, status: Status) -> usize {
    run.settled.iter().filter(|settled| settled.status == status).count()
}

#[test]
fn works_through_a_list_in_order_at_full_width() {
    let run = play(OPTIONS, &world(0..10, always(Outcome::Revoked)));
    assert_eq!(count(&run, Status::Revoked), 10);
    assert_eq!(run.sent.iter().map(|sent| sent.1).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!(run.end, 300.0);
    assert!(run.settled.iter().all(|settled| !settled.remaining));
}

#[test]
fn an_empty_list_is_done_at_once() {
    assert!(play(OPTIONS, &world([], always(Outcome::Revoked))).settled.is_empty());
}

#[test]
fn pulls_no_faster_than_it_sends() {
    let mut scheduler = scheduler(Options { concurrency: 2, ..OPTIONS });
    for index in 0..2 {
        assert_eq!(scheduler.poll(0.0), Action::Pull(index));
        assert_eq!(scheduler.poll(0.0), Action::Wait(None));
        scheduler.pulled(Pulled::Request, 0.0);
        assert_eq!(scheduler.poll(0.0), Action::Send(index));
    }
    assert_eq!(scheduler.poll(0.0), Action::Wait(None));
    scheduler.answered(1, Outcome::Revoked, None, 1.0, 0.5);
    assert!(matches!(scheduler.poll(1.0), Action::Settle(Settled { index: 1, status: Status::Revoked, .. })));
    assert_eq!(scheduler.poll(1.0), Action::Pull(2));
}

#[test]
fn what_waits_to_be_tried_again_holds_up_the_input() {
    let slow = Options { backoff: Some(Backoff { initial_interval: 1e5, max_interval: 1e5, ..Backoff::DEFAULT }), ..OPTIONS };
    let run =
        play(Options { finite: false, ..slow }, &World { abort_at: Some(9e4), ..world(0..50, always(Outcome::Unavailable)) });
    assert_eq!(run.pulled, 2 * OPTIONS.concurrency);
}

#[test]
fn pauses_grow_while_the_server_only_refuses_and_end_the_run() {
    let once = Options { concurrency: 1, ..OPTIONS };
    let run = play(once, &world(0..3, always(refused(None))));
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0 - pair[0].0 - 100.0).collect();
    assert_eq!(waits[..8], [50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0]);
    assert!(run.stopped.is_some());
    assert!(run.end <= MAX_PAUSE && run.end > MAX_PAUSE - 60_000.0);
    let first = run.settled.iter().find(|settled| settled.index == 0).unwrap();
    assert_eq!((first.status, first.remaining), (Status::Failed, true));

    let hasty = play(once, &world(0..3, always(refused(Some(0.0)))));
    assert!(hasty.sent.len() < 30, "a server's zero is not believed for ever");
}

#[test]
fn a_pause_of_days_is_not_begun() {
    for wait in [3.0 * 86_400_000.0, f64::INFINITY, f64::NAN, MAX_PAUSE + 1.0] {
        let run = play(OPTIONS, &world(0..9, always(refused(Some(wait)))));
        assert_eq!(run.stopped, Some(100.0));
        assert_eq!((run.end, run.sent.len()), (100.0, 4));
        assert_eq!((count(&run, Status::Failed), count(&run, Status::Skipped)), (4, 5));
    }
}

const DAYS: f64 = 3.0 * 86_400_000.0;

#[test]
fn an_item_that_is_refused_for_days_fails_at_once_and_alone() {
    for wait in [DAYS, f64::INFINITY, f64::NAN, MAX_PAUSE + 1.0] {
        for concurrency in [1, 2, 6, 32] {
            for poison in [vec![1], vec![25], vec![49], vec![24, 25], vec![2, 20, 40]] {
                let case = (wait, concurrency, &poison);
                let run = play(Options { concurrency, ..OPTIONS }, &poisoned(50, |id| poison.contains(&id), Some(wait)));
                assert_eq!((run.stopped, count(&run, Status::Revoked)), (None, 50 - poison.len()), "{case:?}");
                let failed: Vec<_> = run.settled.iter().filter(|item| item.status == Status::Failed).collect();
                assert!(failed.iter().all(|item| poison.contains(&(item.index as u16)) && item.remaining));
                assert!(failed.iter().all(|item| run.attempts(item.index) == 1));
                assert!(
                    run.end <= 100.0 * (50.0 / concurrency as f64 + 2.0 * poison.len() as f64 + 10.0),
                    "{case:?}: {}",
                    run.end
                );
            }
        }
    }
}

#[test]
fn a_quota_of_the_day_that_is_used_up_stops_the_run_soon() {
    for concurrency in [1, 2, 6, 32] {
        let run = play(Options { concurrency, ..OPTIONS }, &poisoned(100, |id| id >= 40, Some(DAYS)));
        assert!(run.stopped.is_some());
        assert_eq!(count(&run, Status::Revoked), 40);
        assert!(run.sent.len() < 40 + concurrency + MAX_LONG_REFUSALS as usize, "{concurrency}: {}", run.sent.len());
        assert!(run.settled.iter().all(|item| item.remaining == (item.index >= 40)));
    }
}

#[test]
fn nothing_is_sent_after_a_refusal_for_days_until_the_server_has_accepted_something() {
    let script = |id| match id {
        0 => vec![(refused(Some(DAYS)), 10.0)],
        _ => vec![(Outcome::Revoked, 500.0)],
    };
    let run = play(OPTIONS, &world(0..20, script));
    assert_eq!((run.stopped, count(&run, Status::Revoked)), (None, 19));
    assert!(run.sent.iter().all(|sent| sent.0 == 0.0 || sent.0 >= 500.0));
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
fn one_request_waits_for_the_end_of_a_pause() {
    let mut scheduler = scheduler(OPTIONS);
    scheduler.paused_until = 1e6;
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Wait(Some(1e6)));
    assert_eq!(scheduler.poll(1e6), Action::Send(0));
}

#[test]
fn what_may_pass_is_tried_again_so_often() {
    let run = play(OPTIONS, &world(0..3, always(Outcome::Unavailable)));
    assert!(run
        .settled
        .iter()
        .all(|item| (item.status, run.attempts(item.index), item.remaining) == (Status::Failed, 1 + MAX_RETRIES as usize, true)));
    let tries: Vec<_> = run.sent.iter().filter(|sent| sent.1 == 0).map(|sent| sent.0).collect();
    assert_eq!(tries[..4], [0.0, 600.0, 1450.0, 2675.0]);

    let once = play(Options { backoff: None, ..OPTIONS }, &world(0..3, always(Outcome::Unavailable)));
    assert_eq!((once.sent.len(), once.end), (3, 100.0));
    let hurried = Options { backoff: Some(Backoff { max_elapsed: 1000.0, ..Backoff::DEFAULT }), ..OPTIONS };
    assert_eq!(play(hurried, &world(0..1, always(Outcome::Unavailable))).sent.len(), 2);
}

#[test]
fn what_is_lost_is_tried_once_and_remains() {
    let run = play(OPTIONS, &world(0..9, always(Outcome::Lost)));
    assert!(run.settled.iter().all(|item| (item.status, run.attempts(item.index), item.remaining) == (Status::Failed, 1, true)));
}

#[test]
fn what_was_not_sent_after_all_is_skipped() {
    let mut scheduler = scheduler(OPTIONS);
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Send(0));
    scheduler.stop();
    scheduler.answered(0, Outcome::Unsent, None, 0.0, 0.0);
    let skipped = Settled { index: 0, status: Status::Skipped, remaining: true };
    assert_eq!(scheduler.poll(0.0), Action::Settle(skipped));
}

#[test]
fn a_dead_token_stops_the_run() {
    let mut world = world(0..100, always(Outcome::Revoked));
    world.scripts.insert(5, vec![(Outcome::Unauthorized, 50.0)]);
    let run = play(OPTIONS, &world);
    assert_eq!(run.stopped, Some(150.0));
    assert_eq!((count(&run, Status::Revoked), count(&run, Status::Failed), count(&run, Status::Skipped)), (7, 1, 92));
    assert_eq!(run.settled.iter().filter(|item| item.remaining).count(), 93);

    let endless = play(Options { finite: false, ..OPTIONS }, &world);
    assert_eq!((endless.settled.len(), endless.pulled), (8, 8));
}

#[test]
fn reports_that_make_no_sense_are_ignored() {
    let mut scheduler = scheduler(OPTIONS);
    scheduler.pulled(Pulled::Request, 0.0);
    scheduler.answered(0, Outcome::Revoked, None, 0.0, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    scheduler.answered(0, Outcome::Revoked, None, 0.0, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Send(0));
    scheduler.answered(1, Outcome::Revoked, None, 0.0, 0.0);
    scheduler.answered(0, Outcome::Revoked, None, 0.0, 0.0);
    scheduler.answered(0, Outcome::Failed, None, 0.0, 0.0);
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
            Action::Send(index) => scheduler.answered(index, Outcome::Revoked, None, 0.0, 0.0),
            Action::Settle(_) => settled += 1,
            other => assert_eq!(other, Action::Done),
        }
    }
    assert!(scheduler.items.capacity() + scheduler.settled.capacity() < 64);
}

/// `days`: whether the server may ask for a pause that is too long.
fn outcome(days: bool) -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Unavailable),
        2 => proptest::option::of(0.0..30_000.0).prop_map(refused),
        u32::from(days) => Just(refused(Some(DAYS))),
    ]
}

/// Failures that pass, fewer than an item has attempts, and then an end.
fn script(ends: BoxedStrategy<Outcome>, days: bool) -> impl Strategy<Value = Script> {
    let latency = || 0.0..5_000.0;
    let failures = proptest::collection::vec((outcome(days), latency()), 0..MAX_RETRIES as usize);
    (failures, ends, latency()).prop_map(|(mut script, end, latency)| {
        script.push((end, latency));
        script
    })
}

/// `stops`: whether an abort or a pause that is too long may keep items from being revoked.
fn worlds(ends: BoxedStrategy<Outcome>, stops: bool) -> impl Strategy<Value = World> {
    let input = proptest::collection::vec(proptest::option::weighted(0.95, 0_u16..40), 0..60);
    let scripts = proptest::collection::vec(script(ends, stops), 40);
    let pull_delay = proptest::option::of(0.0..1_000.0);
    let abort_at = proptest::option::of(0.0..50_000.0).prop_map(move |at| at.filter(|_| stops));
    let token_delay = prop_oneof![Just(0.0), 0.0..3_000.0];
    (input, scripts, pull_delay, abort_at, token_delay, 0.0..1.0).prop_map(
        |(input, scripts, pull_delay, abort_at, token_delay, random)| World {
            input,
            scripts: (0..).zip(scripts).collect(),
            pull_delay,
            abort_at,
            token_delay,
            random,
        },
    )
}

fn options() -> impl Strategy<Value = Options> {
    (1_usize..9, any::<bool>()).prop_map(|(concurrency, finite)| Options { concurrency, finite, ..OPTIONS })
}

/// What holds whatever happens. (`play` has checked: the bound on what is in flight, no sending after a stop or in a
/// pause, that the run ends, and ends once.)
fn check(options: &Options, world: &World, run: &Run) -> Result<(), TestCaseError> {
    let items: BTreeMap<usize, Settled> = run.settled.iter().map(|settled| (settled.index, *settled)).collect();
    prop_assert_eq!(items.len(), run.settled.len(), "settled twice");
    prop_assert!(items.keys().copied().eq((0..run.pulled).filter(|index| is_new(world, *index))), "not settled");
    prop_assert!(run.pulled == world.input.len() || run.stopped.is_some() && !options.finite);

    let mut firsts = BTreeSet::new();
    let first_sent: Vec<usize> = run.chosen.iter().copied().filter(|index| firsts.insert(*index)).collect();
    prop_assert!(first_sent.windows(2).all(|pair| pair[0] < pair[1]), "not in input order");

    for (index, item) in &items {
        let sent = run.attempts(*index);
        let answers: Vec<Outcome> = run.answers.iter().filter(|answer| answer.1 == *index).map(|answer| answer.2).collect();
        prop_assert_eq!(answers.len(), sent, "an answer is missing");
        let successes = answers.iter().filter(|answer| **answer == Outcome::Revoked).count();
        prop_assert!(successes <= 1, "revoked twice");
        prop_assert_eq!(item.status == Status::Revoked, successes == 1, "the report lies");
        prop_assert_eq!(item.status == Status::Skipped, sent == 0);
        let final_answer = matches!(answers.last(), Some(Outcome::Revoked | Outcome::Failed));
        prop_assert_eq!(item.remaining, !final_answer);
    }
    Ok(())
}

/// Items that the server refuses for ever, of a list that it otherwise accepts.
fn poisoned(items: u16, is_poison: impl Fn(u16) -> bool, retry_after: Option<f64>) -> World {
    world(0..items, |id| vec![(if is_poison(id) { refused(retry_after) } else { Outcome::Revoked }, 100.0); 200])
}

#[test]
fn an_item_that_is_always_refused_fails_alone() {
    for retry_after in [None, Some(0.0), Some(1000.0)] {
        for concurrency in [1, 2, 6, 32] {
            for poison in [0, 1, 25, 48] {
                let options = Options { concurrency, ..OPTIONS };
                let run = play(options, &poisoned(50, |id| id == poison, retry_after));
                let failed: Vec<_> = run.settled.iter().filter(|item| item.status == Status::Failed).collect();
                let case = (retry_after, concurrency, poison);
                assert_eq!((run.stopped, count(&run, Status::Revoked), failed.len()), (None, 49, 1), "{case:?}");
                assert_eq!((failed[0].index, failed[0].remaining), (poison as usize, true));
                let attempts = run.attempts(failed[0].index);
                assert!(attempts <= 3 * MAX_REFUSALS as usize, "{case:?}: {attempts}");
            }
        }
    }
}

#[test]
fn items_that_are_always_refused_do_not_keep_the_others_waiting() {
    for concurrency in [1, 4, 32] {
        let run = play(Options { concurrency, ..OPTIONS }, &poisoned(200, |id| id < 20, Some(1000.0)));
        assert_eq!((count(&run, Status::Revoked), count(&run, Status::Failed)), (180, 20));
    }
}

#[test]
fn after_a_pause_another_item_is_sent_first_and_alone() {
    let script = |id| match id {
        1 => vec![(refused(Some(5000.0)), 50.0), (Outcome::Revoked, 100.0)],
        _ => vec![(Outcome::Revoked, 100.0)],
    };
    let run = play(OPTIONS, &world(0..6, script));
    let sent: Vec<_> = run.sent.iter().map(|sent| (sent.0, sent.1)).collect();
    assert_eq!(sent[4..6], [(5050.0, 4), (5150.0, 1)]);
    assert_eq!(run.attempts(1), 2);
}

#[test]
fn every_second_pause_the_oldest_item_goes_first() {
    let run = play(Options { concurrency: 1, ..OPTIONS }, &poisoned(9, |id| id == 0, Some(1000.0)));
    assert_eq!(run.sent.iter().map(|sent| sent.1).collect::<Vec<_>>()[..7], [0, 1, 0, 0, 2, 0, 0]);
}

#[test]
fn what_waits_for_its_token_during_a_pause_is_not_sent() {
    let mut scheduler = scheduler(Options { concurrency: 2, ..OPTIONS });
    for index in 0..2 {
        assert_eq!(scheduler.poll(0.0), Action::Pull(index));
        scheduler.pulled(Pulled::Request, 0.0);
        assert_eq!(scheduler.poll(0.0), Action::Send(index));
    }
    assert!(scheduler.may_send(0, 0.0));
    scheduler.answered(0, refused(Some(1000.0)), None, 10.0, 0.5);
    assert!(!scheduler.may_send(1, 20.0));
    assert!(!scheduler.may_send(1, 20.0), "only what is to be sent");
    assert_eq!(scheduler.in_flight(), 0);
    scheduler.answered(1, Outcome::Unauthorized, None, 20.0, 0.5);
    assert_eq!(scheduler.poll(20.0), Action::Pull(2));
    scheduler.pulled(Pulled::End, 20.0);
    assert_eq!(scheduler.poll(20.0), Action::Wait(Some(1010.0)));
    assert_eq!(scheduler.poll(1010.0), Action::Send(1));
    assert!(scheduler.may_send(1, 1010.0));
    scheduler.answered(1, Outcome::Revoked, None, 1100.0, 0.5);
    let revoked = Settled { index: 1, status: Status::Revoked, remaining: false };
    assert_eq!(scheduler.poll(1100.0), Action::Settle(revoked));
}

#[test]
fn what_waits_for_its_token_when_the_run_stops_is_skipped() {
    let mut scheduler = scheduler(OPTIONS);
    assert_eq!(scheduler.poll(0.0), Action::Pull(0));
    scheduler.pulled(Pulled::Request, 0.0);
    assert_eq!(scheduler.poll(0.0), Action::Send(0));
    scheduler.stop();
    assert!(!scheduler.may_send(0, 5.0));
    scheduler.answered(0, Outcome::Unsent, None, 5.0, 0.5);
    let skipped = Settled { index: 0, status: Status::Skipped, remaining: true };
    assert_eq!(scheduler.poll(5.0), Action::Settle(skipped));
}

/// How many random schedules each property is checked with: a quarter of `BULK_SCHEDULES`.
fn schedules() -> u32 {
    std::env::var("BULK_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000) / 4
}

proptest! {
    #![proptest_config(ProptestConfig { cases: schedules(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_guarantees_hold(
        options in options(),
        world in worlds(prop_oneof![6 => Just(Outcome::Revoked), 2 => Just(Outcome::Failed), 1 => Just(Outcome::Unauthorized)].boxed(), true)
    ) {
        let run = play(options, &world);
        check(&options, &world, &run)?;
    }

    #[test]
    fn whatever_can_be_revoked_is_revoked(
        options in options(), world in worlds(prop_oneof![4 => Just(Outcome::Revoked), 1 => Just(Outcome::Failed)].boxed(), false)
    ) {
        // Pauses count as time of an item, and here they may add up to hours.
        let backoff = Some(Backoff { max_elapsed: f64::INFINITY, ..Backoff::DEFAULT });
        let options = Options { backoff, ..options };
        let run = play(options, &world);
        check(&options, &world, &run)?;
        prop_assert_eq!(run.stopped, None);
        for settled in &run.settled {
            let can_be = world.input[settled.index].is_some_and(|id| world.scripts[&id].last().unwrap().0 == Outcome::Revoked);
            prop_assert_eq!(settled.status, if can_be { Status::Revoked } else { Status::Failed });
        }
    }

    #[test]
    fn a_server_that_only_refuses_ends_every_run(
        options in options(), mut world in worlds(Just(Outcome::Revoked).boxed(), false), wait in proptest::option::of(0.0..1e9), latency in 0.0..1e4
    ) {
        world.scripts.values_mut().for_each(|script| *script = vec![(refused(wait), latency); 100]);
        let run = play(options, &world);
        check(&options, &world, &run)?;
        prop_assert_eq!(count(&run, Status::Revoked), 0);
        prop_assert!(run.end <= MAX_PAUSE + 1e5 + latency);
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
        prop_assert!(run.stopped.is_none() || others == 0 || run.settled.iter().all(|item| item.status != Status::Skipped));
    }
}
