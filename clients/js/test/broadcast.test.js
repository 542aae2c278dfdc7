import assert from 'node:assert/strict';
import test from 'node:test';

import { Stack, settle } from './stack.js';

/** Return a speaker whose broadcasts are accepted when the test says so. */
async function speaking(more) {
  const stack = new Stack();
  const session = await stack.speaker(more);
  const accept = (request, seq) => stack.socket.deliver({
    id: request.id, type: 'broadcastAccepted', stream: request.targetLanguage ?? '*', seq, recipients: 1,
  });
  const sent = () => stack.socket.requests('broadcast');
  return { stack, session, accept, sent };
}

test('a stream has one broadcast in flight, so that order is kept', async () => {
  const { session, accept, sent } = await speaking();
  const replies = [1, 2, 3].map((number) => session.broadcast(number, { targetLanguage: 'es' }));
  const other = session.broadcast('to all');
  await settle();
  assert.deepEqual(sent().map(({ data }) => data), [1, 'to all']);
  accept(sent()[0], 1);
  accept(sent()[1], 1);
  await settle();
  accept(sent()[2], 2);
  await settle();
  accept(sent()[3], 3);
  assert.deepEqual((await Promise.all(replies)).map(({ seq }) => seq), [1, 2, 3]);
  assert.equal((await other).stream, '*');
});

test('no more than `maxInFlight` broadcasts are in flight', async () => {
  const { session, sent } = await speaking({ maxInFlight: 2 });
  for (const targetLanguage of ['es', 'fr', 'de']) session.broadcast(1, { targetLanguage }).catch(() => {});
  await settle();
  assert.equal(sent().length, 2);
  session.close();
});

test('a full queue rejects with a retryable error', async () => {
  const { session } = await speaking({ maxQueued: 2 });
  session.broadcast(1).catch(() => {});
  session.broadcast(2).catch(() => {});
  await assert.rejects(session.broadcast(3), { code: 'TOO_MANY_QUEUED', retryable: true });
  session.close();
});

test('a socket with a full buffer gets no broadcast until it has drained', async () => {
  const { stack, session, sent } = await speaking({ maxBuffered: 100 });
  stack.socket.bufferedAmount = 101;
  session.broadcast(1).catch(() => {});
  await stack.clock.advance(1);
  assert.equal(sent().length, 0);
  stack.socket.bufferedAmount = 0;
  await stack.clock.advance(0.1);
  assert.equal(sent().length, 1);
  session.close();
});

test('a broadcast too large for the gateway is not sent', async () => {
  const { session, sent } = await speaking();
  await assert.rejects(session.broadcast('x'.repeat(32 * 1024)), { code: 'PAYLOAD_TOO_LARGE', status: 413 });
  assert.equal(sent().length, 0);
});

test('429 and 503 are retried, and hold back later broadcasts of the stream', async () => {
  const { stack, session, accept, sent } = await speaking();
  stack.replies.broadcast = { type: 'error', status: 429, code: 'RATE_LIMITED', message: '', retryAfter: 2 };
  const first = session.broadcast('first');
  const second = session.broadcast('second');
  await settle();
  stack.replies.broadcast = null;
  await stack.clock.advance(1.9);
  assert.equal(sent().length, 1);
  await stack.clock.advance(2);
  assert.deepEqual(sent().map(({ data }) => data), ['first', 'first']);
  accept(sent()[1], 1);
  await settle();
  accept(sent()[2], 2);
  assert.deepEqual([(await first).seq, (await second).seq], [1, 2]);
});

test('a permanent refusal rejects at once', async () => {
  const { stack, session } = await speaking();
  stack.replies.broadcast = { type: 'error', status: 409, code: 'BROADCAST_PAUSED', message: 'paused' };
  await assert.rejects(session.broadcast(1), { code: 'BROADCAST_PAUSED', retryable: false });
});

test('a broadcast that arrived before the connection was lost is not sent again', async () => {
  const { stack, session } = await speaking();
  const accepted = session.broadcast('one', { targetLanguage: 'es' });
  await settle();
  stack.lastSeq = { es: 1 };
  stack.socket.drop();
  await stack.clock.advance(1);
  assert.equal((await accepted).seq, 1);
  assert.equal(stack.socket.requests('broadcast').length, 0);
});

test('a broadcast that did not arrive is sent again, before those that follow', async () => {
  const { stack, session, accept, sent } = await speaking();
  const first = session.broadcast('one');
  const second = session.broadcast('two');
  await settle();
  stack.socket.drop();
  await stack.clock.advance(1);
  assert.deepEqual(sent().map(({ data }) => data), ['one']);
  accept(sent()[0], 1);
  await settle();
  accept(sent()[1], 2);
  assert.deepEqual([(await first).seq, (await second).seq], [1, 2]);
});

test('a lost reply after a failure that may have used a seq is an error', async () => {
  const { stack, session } = await speaking();
  stack.replies.broadcast = { type: 'error', status: 500, code: 'INTERNAL_ERROR', message: '', correlationId: 'c' };
  await assert.rejects(session.broadcast('one'), { code: 'INTERNAL_ERROR' });
  stack.replies.broadcast = null;
  const second = assert.rejects(session.broadcast('two'), { code: 'CONNECTION_LOST', retryable: true });
  await settle();
  stack.lastSeq = { '*': 1 };
  stack.socket.drop();
  await stack.clock.advance(1);
  await second;
  assert.equal(stack.socket.requests('broadcast').length, 0);
});

test('broadcasts that wait when the session closes reject', async () => {
  const { stack, session } = await speaking();
  const waiting = assert.rejects(session.broadcast(1), { code: 'CLOSED' });
  session.close();
  await waiting;
  assert.equal(stack.socket.closedWith, 1000);
});
