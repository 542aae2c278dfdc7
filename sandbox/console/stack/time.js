/**
 * Moves the stack's clock in steps, with heartbeats in between, so that nobody is taken for dead:
 * the stack closes a socket that is silent for 120 s of its time (PROTOCOL 6.4). Every console
 * sends the heartbeats of its people when it learns that the clock was moved.
 */

import { advance } from './api.js';

const HEARD = 30_000; // milliseconds: the stack notes a client's activity no more often
// Seconds. A client that sends a heartbeat every 50 s may have been noted 80 s ago, and one that has
// just sent one, 30 s ago; with a step it must still be heard within 120 s.
const FIRST_STEP = 30;
const STEP = 75;
const OWN_PATIENCE = 15_000; // milliseconds for which this page's heartbeats are waited for
const PATIENCE = 4000; // and those of others, which may be none
const EXTRA_MINUTES = 10;

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Everybody who is in a session, and not replaced, has been heard since `since`. */
function allHeard(stack, since) {
  for (const connection of stack.tables.connections.values()) {
    const { sessionId, supersededBy, lastActivityTime = 0, connectedAt } = connection;
    if (sessionId && !supersededBy && Math.max(lastActivityTime, connectedAt) < since) return false;
  }
  return true;
}

/** Waits for a promise, but no longer than that. */
function within(millis, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function step(stack, seconds, beat) {
  const { now } = await advance(seconds);
  stack.learn(now);
  await within(OWN_PATIENCE, beat());
  let over = false;
  const others = async () => {
    while (!over && !allHeard(stack, now - HEARD)) await stack.news.next('tables');
  };
  await within(PATIENCE, others());
  over = true;
}

/**
 * Moves by `seconds`; `told` gets the share that is done. It then goes on until `until` is true,
 * a minute at a time and ten at most. `beat` resolves when this page's people have been heard,
 * on the sockets that they are to have.
 */
export async function travel(stack, seconds, { beat, told = () => {}, until = () => true }) {
  for (let done = 0; done < seconds; told(done / seconds)) {
    const next = Math.min(done ? STEP : FIRST_STEP, seconds - done);
    await step(stack, next, beat);
    done += next;
  }
  for (let extra = 0; !until() && extra < EXTRA_MINUTES; extra += 1) {
    await step(stack, 60, beat);
    await pause(250); // sockets are being replaced, and the tables tell
  }
}
