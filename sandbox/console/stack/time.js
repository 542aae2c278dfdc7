/**
 * Moves of the stack's clock, in steps with heartbeats in between: the stack closes a socket that is
 * silent for 120 s of its time (PROTOCOL 6.4). Every console sends the heartbeats of its people when
 * the clock is moved.
 */

import { advance } from './api.js';

const HEARD = 30_000; // milliseconds: the stack records a client's activity no more often
// Seconds. The recorded activity of a client that sends a heartbeat every 50 s may be 80 s old, and 30 s
// old just after a heartbeat; with the step it must stay below 120 s.
const FIRST_STEP = 30;
const STEP = 75;
const OWN_PATIENCE = 15_000; // milliseconds to wait for this page's heartbeats
const PATIENCE = 4000; // and for those of other pages, which may not exist
const EXTRA_MINUTES = 10;

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Return true if every connection in a session, unless superseded, was active since `since`. */
function allHeard(stack, since) {
  for (const connection of stack.tables.connections.values()) {
    const { sessionId, supersededBy, lastActivityTime = 0, connectedAt } = connection;
    if (sessionId && !supersededBy && Math.max(lastActivityTime, connectedAt) < since) return false;
  }
  return true;
}

/** Wait for a promise, for at most `millis`. */
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
    while (!over && !allHeard(stack, now - HEARD)) await stack.events.next('tables');
  };
  await within(PATIENCE, others());
  over = true;
}

/**
 * Move by `seconds`, then on by single minutes until `until` is true, ten at most. `onProgress` gets
 * the share that is done. `beat` resolves when this page's people have sent their heartbeats, on
 * their new sockets if they are changing.
 */
export async function travel(stack, seconds, { beat, onProgress = () => {}, until = () => true }) {
  for (let done = 0; done < seconds; onProgress(done / seconds)) {
    const next = Math.min(done ? STEP : FIRST_STEP, seconds - done);
    await step(stack, next, beat);
    done += next;
  }
  for (let extra = 0; !until() && extra < EXTRA_MINUTES; extra += 1) {
    await step(stack, 60, beat);
    await pause(250); // until the tables show the sockets that are being replaced
  }
}
