import assert from 'node:assert/strict';
import test from 'node:test';

import { BROADCAST_STATE, SESSION, Stack, broadcast, data, record, settle } from './stack.js';

const REQUIRED = { type: 'connectionRefreshRequired', sessionId: SESSION, role: 'listener' };

test('a refresh opens the new connection before it closes the old one', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const [old] = stack.sockets;
  const seen = record(session, 'broadcast');
  old.deliver(broadcast(1));
  old.deliver(REQUIRED);
  assert.equal(session.state, 'refreshing');
  await settle();
  const fresh = stack.socket;
  assert.notEqual(fresh, old);
  const [request] = fresh.requests('refreshConnection');
  assert.deepEqual(
    [request.role, request.sessionId, request.targetLanguage, request.resumeToken, request.lastSeq],
    ['listener', SESSION, 'es', 'resume-1', { '*': 0, es: 1 }],
  );
  assert.equal(old.closedWith, 4000);
  assert.equal(session.state, 'open');
  fresh.deliver(broadcast(2));
  assert.deepEqual(data(seen), ['es 1', 'es 2']);
  assert.equal(session.resumeToken, 'resume-2');
});

test('a tenant message of the operator is an event', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'tenantMessage');
  stack.socket.deliver({ type: 'tenantMessage', data: { text: 'Maintenance at noon.' } });
  await settle();
  assert.deepEqual(seen.map(({ data }) => data), [{ text: 'Maintenance at noon.' }]);
});

test('events that arrive on both connections are delivered once, and in order', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const [old] = stack.sockets;
  const seen = record(session, 'broadcast', 'topicMessage', 'speakerReconnecting');
  stack.onConnect = () => {};
  old.deliver(REQUIRED);
  await settle();
  const fresh = stack.socket;
  fresh.accept();
  const note = { type: 'topicMessage', sessionId: SESSION, topic: 'chat', data: 'hello' };
  old.deliver(note);
  fresh.deliver(note);
  fresh.deliver(broadcast(2));
  old.deliver(broadcast(1));
  old.deliver(broadcast(2));
  const drop = { type: 'speakerReconnecting', sessionId: SESSION, deadline: 5 };
  fresh.deliver(drop);
  old.deliver(drop);
  await settle();
  assert.deepEqual(seen.map(({ type }) => type), [
    'topicMessage', 'broadcast', 'broadcast', 'speakerReconnecting',
  ]);
});

test('a refresh without a server is retried, and the old connection stays in use', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const [old] = stack.sockets;
  const seen = record(session, 'broadcast');
  stack.onConnect = (socket) => socket.refuse();
  old.deliver(REQUIRED);
  await stack.clock.advance(5);
  assert.equal(session.state, 'refreshing');
  assert.ok(stack.sockets.length > 2);
  old.deliver(broadcast(1));
  stack.onConnect = (socket) => socket.accept();
  await stack.clock.advance(20);
  assert.equal(session.state, 'open');
  assert.equal(old.closedWith, 4000);
  assert.deepEqual(data(seen), ['es 1']);
});

test('a permanently refused refresh is an error event, and the old connection stays', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const errors = record(session, 'error');
  stack.replies.refreshConnection = { type: 'error', status: 403, code: 'FORBIDDEN', message: 'no' };
  stack.sockets[0].deliver(REQUIRED);
  await settle();
  assert.equal(errors[0].code, 'FORBIDDEN');
  assert.equal(session.state, 'open');
  assert.equal(stack.sockets[0].closedWith, null);
});

test('a connectionWarning starts a refresh, too', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  stack.socket.deliver({ type: 'connectionWarning', remainingMinutes: 15 });
  await settle();
  assert.equal(stack.sockets.length, 2);
  assert.equal(session.state, 'open');
});

test('two notices start one refresh', async () => {
  const stack = new Stack();
  await stack.listener();
  const [old] = stack.sockets;
  old.deliver(REQUIRED);
  old.deliver({ type: 'connectionWarning', remainingMinutes: 15 });
  await settle();
  assert.equal(stack.sockets.length, 2);
});

test('a speaker sends nothing while the session moves', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const [old] = stack.sockets;
  const first = session.broadcast('one');
  await settle();
  old.deliver(REQUIRED);
  await settle();
  const fresh = stack.socket;
  const second = session.broadcast('two');
  const pause = session.pauseBroadcast();
  await settle();
  assert.equal(fresh.requests('refreshConnection').length, 0);
  old.deliver({ id: old.sent[1].id, type: 'broadcastAccepted', stream: '*', seq: 1, recipients: 3 });
  stack.lastSeq = { '*': 1 };
  stack.replies.broadcast = { type: 'broadcastAccepted', stream: '*', seq: 2, recipients: 3 };
  stack.replies.pauseBroadcast = {
    type: 'broadcastStateChanged', broadcastState: BROADCAST_STATE, stateVersion: 2,
  };
  assert.equal((await first).seq, 1);
  assert.equal((await second).seq, 2);
  assert.equal((await pause).stateVersion, 2);
  assert.equal(fresh.requests('broadcast').length, 1);
  assert.equal(old.requests('broadcast').length, 1);
});

test('after a lost reply to a refresh, nothing is sent on the old connection', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const [old] = stack.sockets;
  const refresh = stack.replies.refreshConnection;
  stack.replies.refreshConnection = (request, socket) => socket.drop();
  stack.replies.broadcast = { type: 'broadcastAccepted', stream: '*', seq: 1, recipients: 0 };
  old.deliver(REQUIRED);
  await settle();
  const accepted = session.broadcast('one');
  await settle();
  assert.equal(old.requests('broadcast').length, 0);
  stack.replies.refreshConnection = refresh;
  await stack.clock.advance(5);
  assert.equal((await accepted).seq, 1);
  assert.equal(stack.socket.requests('broadcast').length, 1);
});

test('topics are subscribed to again before the old connection closes', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const [old] = stack.sockets;
  stack.replies.subscribe = { type: 'subscribed', topic: 'chat' };
  await session.subscribe('chat');
  stack.replies.subscribe = null;
  old.deliver(REQUIRED);
  await settle();
  const fresh = stack.socket;
  const [request] = fresh.requests('subscribe');
  assert.equal(request.topic, 'chat');
  assert.equal(old.closedWith, null);
  fresh.deliver({ id: request.id, type: 'subscribed', topic: 'chat' });
  await settle();
  assert.equal(old.closedWith, 4000);
});

test('many topics are subscribed to again within the rate limit', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const topics = Array.from({ length: 20 }, (_, number) => `t${number}`);
  stack.replies.subscribe = ({ topic }) => ({ type: 'subscribed', topic });
  for (const topic of topics) await session.subscribe(topic);
  const taken = [];
  stack.replies.subscribe = ({ topic }) => {
    if (taken.length % 10 === 9 && stack.clock.now < 10_000) {
      return { type: 'error', status: 429, code: 'RATE_LIMITED', message: '', retryAfter: 10 };
    }
    taken.push(topic);
    return { type: 'subscribed', topic };
  };
  stack.socket.drop();
  await stack.clock.advance(30);
  assert.deepEqual(taken.sort(), topics.sort());
});
