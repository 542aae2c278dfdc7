// Moving the clock: run by node --test, against a stack that is a few maps.

import assert from 'node:assert/strict';
import test from 'node:test';

import { News } from '../../../sandbox/console/lib/news.js';
import { travel } from '../../../sandbox/console/stack/time.js';

/** A stack that answers `POST clock`; `beat` decides what a client does when the clock was moved. */
function stackWith(connections, beat) {
  const stack = { news: new News(), now: 0, steps: [], tables: { connections: new Map(Object.entries(connections)) } };
  globalThis.fetch = async (_, { body }) => {
    const { advance } = JSON.parse(body);
    stack.steps.push(advance);
    stack.now += advance * 1000;
    setTimeout(() => {
      for (const connection of stack.tables.connections.values()) beat(connection, stack.now);
      stack.news.tell('tables');
    });
    return { ok: true, json: async () => ({ now: stack.now }) };
  };
  return stack;
}

const listening = () => ({ sessionId: 'golden-eagle-427', connectedAt: 0, lastActivityTime: 0 });
const heard = (connection, now) => {
  connection.lastActivityTime = now;
};

test('no step is as long as the silence that the stack allows', async () => {
  const stack = stackWith({ a: listening() }, heard);

  await travel(stack, 6000);

  assert.ok(Math.max(...stack.steps) < 120);
  assert.equal(stack.now, 6_000_000);
});

test('each step waits until everybody has been heard', async () => {
  const silences = [];
  const stack = stackWith({ a: listening(), b: listening() }, (connection, now) => {
    silences.push(now - connection.lastActivityTime);
    heard(connection, now);
  });

  await travel(stack, 1000);

  assert.ok(Math.max(...silences) <= 100_000);
});

test('who is in no session, or has been replaced, is not waited for', async () => {
  const bare = { connectedAt: 0 };
  const replaced = { ...listening(), supersededBy: 'b' };
  const stack = stackWith({ bare, replaced }, () => {});

  await travel(stack, 100);

  assert.deepEqual(stack.steps, [100]);
});

test('it tells how far it is, and goes on until what is waited for has come', async () => {
  const shares = [];
  const stack = stackWith({ a: listening() }, heard);

  await travel(stack, 150, { told: (share) => shares.push(share), until: () => stack.now >= 240_000 });

  assert.deepEqual(stack.steps, [100, 50, 60, 60]);
  assert.deepEqual(shares, [100 / 150, 1]);
});
