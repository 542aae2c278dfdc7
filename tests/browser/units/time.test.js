// Moving the clock: run by node --test, against a stack that is a few maps.

import assert from 'node:assert/strict';
import test from 'node:test';

import { EventBus } from '../../../sandbox/console/lib/events.js';
import { travel } from '../../../sandbox/console/stack/time.js';

/** A stack that answers `POST clock`; `hear` decides what comes of a connection when the clock was moved. */
function stackWith(connections, hear) {
  const tables = { connections: new Map(Object.entries(connections)) };
  const stack = { events: new EventBus(), now: 0, steps: [], tables };
  stack.learn = () => {};
  globalThis.fetch = async (_, { body }) => {
    const { advance } = JSON.parse(body);
    stack.steps.push(advance);
    stack.now += advance * 1000;
    setTimeout(() => {
      for (const connection of stack.tables.connections.values()) hear(connection, stack.now);
      stack.events.emit('tables');
    });
    return { ok: true, json: async () => ({ now: stack.now }) };
  };
  return stack;
}

const beat = async () => {};
const listening = () => ({ sessionId: 'golden-eagle-427', connectedAt: 0, lastActivityTime: 0 });
const heard = (connection, now) => {
  connection.lastActivityTime = now;
};

test('nobody is silent for 120 s, however long ago they were noted', async () => {
  const silences = [];
  const long = { ...listening(), connectedAt: -1e6, lastActivityTime: -80_000 };
  const stack = stackWith({ a: long, b: { ...long } }, (connection, now) => {
    silences.push(now - connection.lastActivityTime);
    connection.lastActivityTime = now - 30_000; // the stack notes activity no more often
  });

  await travel(stack, 6000, { beat });

  assert.ok(Math.max(...silences) < 120_000, `${Math.max(...silences)}`);
  assert.equal(stack.now, 6_000_000);
});

test('who is in no session, or has been replaced, is not waited for', async () => {
  const bare = { connectedAt: 0 };
  const replaced = { ...listening(), supersededBy: 'b' };
  const stack = stackWith({ bare, replaced }, () => {});

  await travel(stack, 30, { beat });

  assert.deepEqual(stack.steps, [30]);
});

test('it reports its progress, and goes on until its condition holds', async () => {
  const shares = [];
  const stack = stackWith({ a: listening() }, heard);

  await travel(stack, 150, { beat, onProgress: (share) => shares.push(share), until: () => stack.now >= 240_000 });

  assert.deepEqual(stack.steps, [30, 75, 45, 60, 60]);
  assert.deepEqual(shares, [0.2, 0.7, 1]);
});

test('the page knows the time before its people send their heartbeats, and waits for them', async () => {
  const order = [];
  const stack = stackWith({ a: listening() }, heard);
  stack.learn = () => order.push('time');
  const slow = () =>
    new Promise((resolve) => {
      setTimeout(() => {
        order.push('heard');
        resolve();
      }, 5);
    });

  await travel(stack, 105, { beat: slow });

  assert.deepEqual(order, ['time', 'heard', 'time', 'heard']);
});
