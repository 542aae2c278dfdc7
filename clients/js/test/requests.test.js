import assert from 'node:assert/strict';
import test from 'node:test';

import { BROADCAST_STATE, SESSION, Stack, broadcast, data, record, settle } from './stack.js';

test('every action is sent by its name, and resolves with its reply', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const calls = {
    pauseBroadcast: [], resumeBroadcast: [], muteBroadcast: [], unmuteBroadcast: [],
    setVolume: [0.5], getSessionStatus: [], subscribe: ['chat'], publish: ['chat', { a: 1 }],
    unsubscribe: ['chat'], cancelRequest: ['r1'], authenticate: ['jwt-2'], heartbeat: [],
  };
  for (const action of Object.keys(calls)) stack.replies[action] = { type: `${action}Reply` };
  for (const [action, args] of Object.entries(calls)) {
    assert.equal((await session[action](...args)).type, `${action}Reply`);
  }
  const sent = Object.fromEntries(stack.socket.sent.map(({ id, action, ...fields }) => [action, fields]));
  assert.deepEqual(sent.setVolume, { volume: 0.5 });
  assert.deepEqual(sent.publish, { topic: 'chat', data: { a: 1 } });
  assert.deepEqual(sent.authenticate, { token: 'jwt-2' });
});

test('replies reach their requests in any order', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const [mute, status] = [session.muteBroadcast(), session.getSessionStatus()];
  await settle();
  const [, first, second] = stack.socket.sent;
  stack.socket.deliver({ id: second.id, type: 'sessionStatus', listenerCount: 3 });
  stack.socket.deliver({ id: first.id, type: 'error', status: 500, code: 'INTERNAL_ERROR', message: '', correlationId: 'c1' });
  assert.equal((await status).listenerCount, 3);
  await assert.rejects(mute, { code: 'INTERNAL_ERROR', retryable: true, correlationId: 'c1' });
});

test('an error without a request is an event', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const errors = record(session, 'error');
  stack.socket.deliver({ type: 'error', status: 400, code: 'INVALID_JSON', message: 'no JSON' });
  assert.equal(errors[0].code, 'INVALID_JSON');
});

test('an older broadcast state is ignored', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const events = record(session, 'broadcastStateChanged');
  const state = (stateVersion, isMuted) => ({
    type: 'broadcastStateChanged', stateVersion, broadcastState: { ...BROADCAST_STATE, isMuted },
  });
  stack.socket.deliver(state(3, true));
  stack.socket.deliver(state(2, false));
  assert.equal(session.broadcastState.isMuted, true);
  assert.equal(events.length, 1);
});

test('a change of language follows the new stream before the reply', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  const changing = session.changeLanguage('fr');
  await settle();
  stack.socket.deliver(broadcast(1));
  stack.socket.deliver(broadcast(9, 'fr'));
  const changed = { type: 'languageChanged', targetLanguage: 'fr', lastSeq: { '*': 0, fr: 8 } };
  stack.socket.deliver({ id: stack.socket.sent[1].id, ...changed });
  await changing;
  stack.socket.deliver(broadcast(2));
  stack.socket.deliver(broadcast(10, 'fr'));
  assert.deepEqual(data(seen), ['es 1', 'fr 9', 'fr 10']);
  assert.equal(session.targetLanguage, 'fr');
});

test("after a change of language the new stream's position is known", async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const lastSeq = { '*': 0, fr: 8 };
  stack.replies.changeLanguage = { type: 'languageChanged', targetLanguage: 'fr', lastSeq };
  await session.changeLanguage('fr');
  assert.deepEqual(session.lastSeq, lastSeq);
  assert.equal(stack.socket.requests('heartbeat').length, 0);
});

test('a broadcast that was lost during a change of language is recovered', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  stack.replies.changeLanguage = (request, socket) => {
    socket.deliver(broadcast(10, 'fr')); // 9 was lost
    return { type: 'languageChanged', targetLanguage: 'fr', lastSeq: { '*': 0, fr: 8 } };
  };
  stack.replies.recover = { type: 'recovered', lastSeq: { fr: 10 }, missed: [broadcast(9, 'fr')] };
  await session.changeLanguage('fr');
  assert.deepEqual(data(seen), []);
  await stack.clock.advance(1);
  assert.deepEqual(data(seen), ['fr 9', 'fr 10']);
});

test('a refused change of language changes nothing', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = record(session, 'broadcast');
  stack.replies.changeLanguage = { type: 'error', status: 400, code: 'INVALID_MESSAGE', message: '' };
  await assert.rejects(session.changeLanguage('français'), { status: 400 });
  stack.socket.deliver(broadcast(1));
  assert.deepEqual([session.targetLanguage, ...data(seen)], ['es', 'es 1']);
});

test('a background request reports progress, and resolves with its result', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const progress = [];
  stack.replies.submitRequest = (request, socket) => {
    socket.deliver({ type: 'requestProgress', requestId: 'r1', percentage: 10 }); // overtakes the reply
    return { type: 'requestAccepted', requestId: 'r1', request: 'summary', status: 'accepted' };
  };
  const onProgress = ({ percentage }) => progress.push(percentage);
  const job = await session.submitRequest('summary', { words: 50 }, { onProgress });
  stack.socket.deliver({ type: 'requestProgress', requestId: 'r1', percentage: 60 });
  stack.socket.deliver({ type: 'requestCompleted', requestId: 'r1', result: { text: 'short' } });
  assert.deepEqual(await job.result, { text: 'short' });
  assert.deepEqual(progress, [10, 60]);
});

test('a background request can fail, and can be cancelled', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  let count = 0;
  stack.replies.submitRequest = () => ({ type: 'requestAccepted', requestId: `r${(count += 1)}` });
  stack.replies.cancelRequest = ({ requestId }) => ({ type: 'requestCancelled', requestId });
  const [failing, unwanted] = [await session.submitRequest('a'), await session.submitRequest('b')];
  stack.socket.deliver({ type: 'requestFailed', requestId: 'r1', code: 'INTERNAL_ERROR', message: 'broke' });
  await assert.rejects(failing.result, { code: 'INTERNAL_ERROR', message: 'broke' });
  await unwanted.cancel();
  await assert.rejects(unwanted.result, { code: 'CANCELLED' });
});

test('a background request follows the session to a new connection', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  stack.replies.submitRequest = { type: 'requestAccepted', requestId: 'r1' };
  const job = await session.submitRequest('summary');
  session.refresh();
  await settle();
  assert.equal(stack.sockets[0].closedWith, 4000);
  stack.socket.deliver({ type: 'requestCompleted', requestId: 'r1', result: 7 });
  assert.equal(await job.result, 7);
});

test('after a lost connection only idempotent requests are sent again', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const publish = assert.rejects(session.publish('chat', 1), { code: 'CONNECTION_LOST', retryable: true });
  const subscribe = session.subscribe('chat');
  await settle();
  stack.replies.subscribe = { type: 'subscribed', topic: 'chat' };
  stack.socket.drop();
  await publish;
  await stack.clock.advance(1);
  assert.equal((await subscribe).type, 'subscribed');
});

test('an expiring token is replaced by the callback', async () => {
  const stack = new Stack();
  const session = await stack.speaker({ token: () => 'fresh' });
  const expiring = record(session, 'tokenExpiring');
  stack.socket.deliver({ type: 'tokenExpiring', expiresAt: 5 });
  await settle();
  assert.equal(stack.socket.requests('authenticate')[0].token, 'fresh');
  assert.equal(expiring.length, 1);
});

test('ending the session tells the stack, and closes', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  stack.replies.endSession = { type: 'sessionEnded', sessionId: SESSION, reason: 'endedBySpeaker' };
  await session.endSession();
  assert.deepEqual([session.state, session.closeReason], ['closed', 'endedBySpeaker']);
  assert.equal(stack.socket.closedWith, 1000);
});

test('ending a session that has ended already succeeds', async () => {
  const stack = new Stack();
  const session = await stack.speaker();
  const ending = session.endSession();
  await settle();
  stack.replies.refreshConnection = { type: 'error', status: 404, code: 'SESSION_NOT_FOUND', message: '' };
  stack.socket.drop();
  await stack.clock.advance(1);
  await ending;
  assert.equal(session.state, 'closed');
});

test('leaving closes, even if the connection is lost before the reply', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const leaving = session.leaveSession();
  await settle();
  stack.socket.drop();
  await leaving;
  assert.deepEqual([session.state, session.closeReason], ['closed', 'left']);
});

test('a handler that throws does not stop the others', async (context) => {
  const stack = new Stack();
  const session = await stack.listener();
  const thrown = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', resolve);
    context.after(() => listeners.forEach((listener) => process.on('uncaughtException', listener)));
  });
  session.on('broadcast', () => {
    throw new Error('mine');
  });
  const seen = record(session, 'broadcast');
  stack.socket.deliver(broadcast(1));
  assert.equal((await thrown).message, 'mine');
  assert.equal(seen.length, 1);
});
