// Time that tests move by hand. The package looks setTimeout, Date, performance.now and Math.random up at each call, so it lives in
// this time too.
import FakeTimers from "@sinonjs/fake-timers";
import { thenRestore } from "./registry.js";

/** When the tests' time begins: a whole second, so that HTTP dates can name it. */
export const EPOCH = Date.UTC(2026, 0, 2, 3, 4, 5);

const { setTimeout: realTimeout } = globalThis;
const { performance } = globalThis;
const realNow = performance.now.bind(performance);

/** A turn of the real event loop: whatever can go on without time passing, does. */
export const turn = () => new Promise((resolve) => realTimeout(resolve));

/** Resolves when `condition()` holds, or resolves to true, while time stands still. */
export async function until(condition) {
  // A test that has failed must not keep its process alive.
  const end = realNow() + 20_000;
  while (!(await condition())) {
    if (realNow() > end) throw new Error(`never came true: ${condition}`);
    await turn();
  }
}

/** The tests' monotonic clock: unlike Date.now, nothing but the passing of time moves it. */
let monotonic = realNow;

/**
 * Runs `action(clock)` with time standing still at EPOCH, and Math.random giving `random`. `clock.setSystemTime` moves Date only, as a
 * machine's clock that is set; `performance.now` is patched on the object itself, whoever holds it.
 */
export async function withClock(action, { random = 0.5 } = {}) {
  const clock = FakeTimers.install({ now: EPOCH, toFake: ["setTimeout", "clearTimeout", "Date"], shouldClearNativeTimers: true });
  const before = Math.random;
  Math.random = () => random;
  monotonic = () => clock.performance.now();
  const now = Object.getOwnPropertyDescriptor(performance, "now");
  Object.defineProperty(performance, "now", { value: () => clock.performance.now(), configurable: true, writable: true });
  return thenRestore(
    () => action(clock),
    () => {
      Math.random = before;
      monotonic = realNow;
      if (now) Object.defineProperty(performance, "now", now);
      else delete performance.now;
      clock.uninstall();
    },
  );
}

/**
 * Moves time from timer to timer until the promise settles; resolves to how it did. Only for calls whose timers are all waits
 * between attempts: with a time limit running, moving on would be the limit passing.
 */
export async function play(clock, promise) {
  let outcome;
  promise.then(
    (value) => (outcome = { value }),
    (error) => (outcome = { error }),
  );
  await until(async () => {
    await turn();
    if (!outcome && clock.countTimers() > 0) await clock.nextAsync();
    return outcome;
  });
  return outcome;
}

/** Milliseconds since the tests' time began, whatever Date says. */
export const elapsed = () => monotonic();
