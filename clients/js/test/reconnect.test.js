import assert from 'node:assert/strict';
import test from 'node:test';

import { SESSION, Stack, broadcast, data, record, settle } from './stack.js';

test('a listener that lost its connection continues where it was', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast', 'state');
  stack.socket.deliver(broadcast(1));
  stack.lastSeq = { '*': 0, es: 3 };
  const join = stack.replies.joinSession;
  stack.replies.joinSession = (request) => ({ ...join(request), missed: [broadcast(2), broadcast(3)] });
  stack.socket.drop();
  assert.equal(session.state, 'reconnecting');
  await stack.clock.advance(1);
  const [request] = stack.socket.requests('joinSession');
  assert.deepEqual([request.resumeToken, request.lastSeq], ['resume-1', { '*': 0, es: 1 }]);
  assert.deepEqual(data(seen).filter(Boolean), ['es 1', 'es 2', 'es 3']);
  assert.deepEqual(seen.filter(({ type }) => type === 'state').map(({ state }) => state), [
    'reconnecting', 'open',
  ]);
});

test('a speaker reconnects by taking over its session, with a new token', async () => {
  const stack = new Stack();
  let count = 0;
  const session = await stack.speaker({ token: () => `jwt-${(count += 1)}` });
  stack.socket.drop();
  await stack.clock.advance(1);
  const [request] = stack.socket.requests('refreshConnection');
  assert.deepEqual([request.role, request.sessionId], ['speaker', SESSION]);
  assert.deepEqual(stack.socket.protocols, ['lectern.v1', 'bearer.jwt-2']);
  assert.equal(session.state, 'open');
});

test('backoff grows up to a cap, with jitter, until the server is back', async () => {
  const stack = new Stack();
  const session = await stack.listener({ random: () => 1 });
  stack.onConnect = (socket) => socket.refuse();
  stack.socket.drop();
  const counts = [];
  for (const seconds of [0.4, 0.2, 1, 2, 4, 8, 16, 20, 20]) {
    await stack.clock.advance(seconds);
    counts.push(stack.sockets.length);
  }
  assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  stack.onConnect = (socket) => socket.accept();
  await stack.clock.advance(20);
  assert.equal(session.state, 'open');
});

test('a session that no longer exists closes with the error', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const waiting = assert.rejects(async () => {
    await settle();
    await session.publish('chat', 1);
  }, { code: 'SESSION_NOT_FOUND' });
  stack.replies.joinSession = { type: 'error', status: 404, code: 'SESSION_NOT_FOUND', message: '' };
  stack.socket.drop();
  await stack.clock.advance(1);
  await waiting;
  assert.equal(session.state, 'closed');
  assert.equal(session.error.code, 'SESSION_NOT_FOUND');
  await assert.rejects(session.publish('chat', 1), { code: 'CLOSED' });
});

test('a refused token is fetched once more, and then final', async () => {
  const stack = new Stack();
  let count = 0;
  const session = await stack.speaker({ token: () => `jwt-${(count += 1)}` });
  stack.onConnect = (socket) => socket.refuse(401);
  stack.socket.drop();
  await stack.clock.advance(10);
  assert.equal(count, 3);
  assert.equal(session.state, 'closed');
  assert.equal(session.error.status, 401);
});

test('a listener whose resume token is refused joins as a new listener, where it was', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const join = stack.replies.joinSession;
  stack.socket.deliver(broadcast(1));
  stack.replies.joinSession = (request) => (request.resumeToken
    ? { type: 'error', status: 401, code: 'TOKEN_EXPIRED', message: '', action: 'joinSession' }
    : join(request));
  stack.socket.drop();
  await stack.clock.advance(2);
  assert.equal(session.state, 'open');
  assert.deepEqual(stack.socket.requests('joinSession')[0].lastSeq, { '*': 0, es: 1 });
});

test('a token callback that fails is called again', async () => {
  const stack = new Stack();
  let broken = false;
  const token = () => {
    if (broken) throw new Error('no network');
    return 'jwt';
  };
  const session = await stack.speaker({ token });
  broken = true;
  stack.socket.drop();
  await stack.clock.advance(2);
  assert.equal(session.state, 'reconnecting');
  broken = false;
  await stack.clock.advance(10);
  assert.equal(session.state, 'open');
});

test("heartbeats are sent at the server's interval", async () => {
  const stack = new Stack();
  const session = await stack.listener();
  await stack.clock.advance(49);
  assert.equal(stack.socket.requests('heartbeat').length, 0);
  stack.replies.heartbeat = { type: 'heartbeatAck', heartbeatInterval: 20 };
  await stack.clock.advance(1);
  assert.equal(stack.socket.requests('heartbeat')[0].wantSeq, true);
  await stack.clock.advance(40);
  assert.equal(stack.socket.requests('heartbeat').length, 3);
  assert.equal(session.heartbeatInterval, 20);
});

test("a speaker's messages count as heartbeats", async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  stack.replies.broadcast = { type: 'broadcastAccepted', stream: '*', seq: 1, recipients: 0 };
  for (let round = 0; round < 4; round += 1) {
    await stack.clock.advance(30);
    await session.broadcast('x');
  }
  assert.equal(stack.socket.requests('heartbeat').length, 0);
  await stack.clock.advance(50);
  assert.equal(stack.socket.requests('heartbeat').length, 1);
});

test('a connection without a reply to a heartbeat is replaced', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  stack.replies.heartbeat = null;
  await stack.clock.advance(66);
  assert.equal(stack.sockets[0].closedWith, 4000);
  assert.equal(stack.sockets.length, 2);
  assert.equal(session.state, 'open');
});

test('a client that is behind recovers', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  stack.lastSeq = { '*': 0, es: 2 };
  stack.replies.heartbeat = { type: 'heartbeatAck', heartbeatInterval: 50, lastSeq: stack.lastSeq };
  stack.replies.recover = {
    type: 'recovered', lastSeq: stack.lastSeq, missed: [broadcast(1), broadcast(2)], gap: false,
  };
  await stack.clock.advance(51);
  assert.deepEqual(stack.socket.requests('recover').map(({ lastSeq }) => lastSeq), [{ '*': 0, es: 0 }]);
  assert.deepEqual(data(seen), ['es 1', 'es 2']);
});

test('only broadcasts that stay missing are asked for', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  stack.socket.deliver(broadcast(2));
  await stack.clock.advance(0.1);
  stack.socket.deliver(broadcast(1));
  await stack.clock.advance(1);
  assert.equal(stack.socket.requests('recover').length, 0);
  stack.socket.deliver(broadcast(4));
  stack.replies.recover = {
    type: 'recovered', lastSeq: { es: 4 }, missed: [broadcast(3), broadcast(4)], gap: false,
  };
  await stack.clock.advance(1);
  assert.equal(stack.socket.requests('recover').length, 1);
  assert.deepEqual(data(seen), ['es 1', 'es 2', 'es 3', 'es 4']);
});

test('recovery goes on until every broadcast has arrived', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast', 'gap');
  stack.socket.deliver(broadcast(7));
  stack.replies.recover = ({ lastSeq }) => {
    const next = lastSeq.es + 1;
    const missed = [next, next + 1].map((seq) => broadcast(seq));
    return { type: 'recovered', lastSeq: { es: 7 }, missed, gap: next + 1 < 7 };
  };
  await stack.clock.advance(2);
  assert.deepEqual(seen.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7]);
});

test('a gap event comes between the broadcasts around it', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast', 'gap');
  stack.socket.deliver(broadcast(1));
  stack.socket.deliver(broadcast(5));
  stack.replies.recover = {
    type: 'recovered', lastSeq: { es: 5 }, missed: [broadcast(4), broadcast(5)], gap: true,
  };
  await stack.clock.advance(1);
  assert.deepEqual(seen.map(({ type, seq, from, to }) => (type === 'gap' ? [from, to] : seq)), [
    1, [2, 3], 4, 5,
  ]);
});

test('a refused recovery is retried after `retryAfter`', async () => {
  const stack = new Stack();
  await stack.listener();
  stack.replies.recover = { type: 'error', status: 429, code: 'RATE_LIMITED', message: '', retryAfter: 9 };
  stack.socket.deliver(broadcast(3));
  await stack.clock.advance(9);
  assert.equal(stack.socket.requests('recover').length, 1);
  await stack.clock.advance(2);
  assert.equal(stack.socket.requests('recover').length, 2);
});
