/** A connection that the stack has given up, or whose place another client has. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Stack, broadcast, data, record, settle } from './stack.js';

const stale = (action) => ({ type: 'error', status: 403, code: 'FORBIDDEN', message: '', action });

test('a listener taken for dead continues where it was', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  stack.socket.deliver(broadcast(1));
  stack.replies.heartbeat = stale('heartbeat');
  stack.lastSeq = { '*': 0, es: 2 };
  const join = stack.replies.joinSession;
  stack.replies.joinSession = (request) => ({ ...join(request), missed: [broadcast(2)] });
  await stack.clock.advance(52);
  const [first, second] = stack.sockets;
  assert.equal(first.closedWith, 4000);
  const [request] = second.requests('joinSession');
  assert.deepEqual([request.resumeToken, request.lastSeq], ['resume-1', { '*': 0, es: 1 }]);
  assert.equal(session.state, 'open');
  assert.deepEqual(data(seen), ['es 1', 'es 2']);
});

test('the refused request is sent again on the new connection', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  stack.replies.broadcast = stale('broadcast');
  const said = session.broadcast('one');
  await settle();
  stack.replies.broadcast = { type: 'broadcastAccepted', stream: '*', seq: 1, recipients: 3 };
  await stack.clock.advance(2);
  assert.equal((await said).seq, 1);
  assert.equal(session.state, 'open');
});

test('a place that is taken twice is given up', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  stack.replies.heartbeat = stale('heartbeat');
  await stack.clock.advance(200);
  assert.equal(stack.sockets.length, 2);
  assert.deepEqual([session.state, session.closeReason], ['closed', 'replaced']);
  assert.equal(session.error.code, 'FORBIDDEN');
  await assert.rejects(session.subscribe('chat'), { code: 'CLOSED' });
});

test('after a refresh the session may return again', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const reply = stack.replies.heartbeat;
  for (const count of [2, 4]) {
    stack.replies.heartbeat = stale('heartbeat');
    await stack.clock.advance(52);
    stack.replies.heartbeat = reply;
    assert.deepEqual([session.state, stack.sockets.length], ['open', count]);
    session.refresh();
    await settle();
    await settle();
  }
});

test('a refused token of another user closes nothing', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  stack.replies.authenticate = stale('authenticate');
  await assert.rejects(session.authenticate('another'), { code: 'FORBIDDEN' });
  assert.deepEqual([session.state, stack.sockets.length], ['open', 1]);
});
