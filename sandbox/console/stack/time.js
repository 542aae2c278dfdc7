/**
 * Moves the stack's clock in steps, with heartbeats in between, so that nobody is taken for dead:
 * the stack closes a socket that is silent for 120 s of its time (PROTOCOL 6.4). Every console that
 * follows the stack sends the heartbeats of its people when it learns that the clock was moved.
 */

import { advance } from './api.js';

const STEP = 100; // seconds: less than the silence that is allowed
const HEARD = 30_000; // the stack notes a client's activity at most this often
const PATIENCE = 3000; // milliseconds for which clients that send no heartbeat are waited for
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

function changed(news) {
  return new Promise((resolve) => {
    const off = news.on('tables', () => {
      off();
      resolve();
    });
  });
}

async function step(stack, seconds) {
  const { now } = await advance(seconds);
  const end = pause(PATIENCE).then(() => true);
  for (let late = false; !late && !allHeard(stack, now - HEARD); ) {
    late = await Promise.race([end, changed(stack.news)]);
  }
}

/**
 * Moves by `seconds`; `told` gets the share that is done. It then goes on until `until` is true,
 * a minute at a time and ten at most.
 */
export async function travel(stack, seconds, { told = () => {}, until = () => true } = {}) {
  for (let done = 0; done < seconds; told(done / seconds)) {
    const next = Math.min(STEP, seconds - done);
    await step(stack, next);
    done += next;
  }
  for (let extra = 0; !until() && extra < EXTRA_MINUTES; extra += 1) {
    await step(stack, 60);
    await pause(250); // sockets are being replaced, and the tables tell
  }
}
