import assert from 'node:assert/strict';
import test from 'node:test';

import { LecternError, joinLink, joinSession, readJoinLink, resumeSession } from '../lectern.js';
import { SESSION, Stack, broadcast, data, record, settle } from './stack.js';

test('a listener joins by a message, and without a token', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  assert.equal(stack.socket.url.href, 'ws://stack/local?role=listener');
  assert.deepEqual(stack.socket.protocols, []);
  const [join] = stack.socket.requests('joinSession');
  assert.deepEqual([join.sessionId, join.targetLanguage], [SESSION, 'es']);
  assert.equal(session.state, 'open');
  assert.equal(session.sourceLanguage, 'en');
  assert.deepEqual(session.lastSeq, { '*': 0, es: 0 });
});

test("a speaker's token is a subprotocol, and may come from a callback", async () => {
  const stack = new Stack();
  const session = await stack.speaker({ token: async () => 'fresh' });
  assert.deepEqual(stack.socket.protocols, ['lectern.v1', 'bearer.fresh']);
  assert.equal(stack.socket.url.search, '?role=speaker');
  assert.equal(session.sessionId, SESSION);
});

test('a refused action rejects with every field of the error', async () => {
  const stack = new Stack();
  stack.replies.joinSession = {
    type: 'error', status: 404, code: 'SESSION_NOT_FOUND', message: 'gone', action: 'joinSession',
  };
  await assert.rejects(stack.listener(), (error) => {
    assert.ok(error instanceof LecternError);
    const { code, status, retryable, message, action } = error;
    assert.deepEqual({ code, status, retryable, message, action }, {
      code: 'SESSION_NOT_FOUND', status: 404, retryable: false, message: 'gone', action: 'joinSession',
    });
    return true;
  });
  assert.equal(stack.socket.closedWith, 4000);
});

test('a full session is retried after `retryAfter`', async () => {
  const stack = new Stack();
  const join = stack.replies.joinSession;
  stack.replies.joinSession = {
    type: 'error', status: 503, code: 'SESSION_FULL', message: 'full', retryAfter: 7,
  };
  const joining = stack.listener();
  await stack.clock.advance(6.9);
  assert.equal(stack.sockets.length, 1);
  stack.replies.joinSession = join;
  await stack.clock.advance(1);
  assert.equal((await joining).state, 'open');
  assert.equal(stack.sockets.length, 2);
});

test('a handshake refused with 401 is final if the platform has the status', async () => {
  const stack = new Stack();
  stack.onConnect = (socket) => socket.refuse(401);
  await assert.rejects(stack.speaker(), { code: 'HANDSHAKE_REFUSED', status: 401, retryable: false });
  assert.equal(stack.sockets.length, 1);
});

const REFUSED = {
  type: 'error', status: 401, code: 'TOKEN_EXPIRED', message: 'the token has expired',
};

/** Let sockets open whose first message is the refusal of the handshake. */
function refuseInBand(stack, refusal = REFUSED) {
  stack.onConnect = (socket) => {
    socket.replyTo = () => {}; // the stack closes the socket before it has a reply
    socket.accept();
    socket.deliver(refusal);
    socket.drop(1000);
  };
}

test("the platform's own WebSocket asks for a refusal that it can read", async () => {
  const stack = new Stack();
  const platform = globalThis.WebSocket;
  globalThis.WebSocket = stack.options().WebSocket;
  try {
    await stack.listener({ WebSocket: globalThis.WebSocket });
  } finally {
    globalThis.WebSocket = platform;
  }
  assert.equal(stack.socket.url.search, '?role=listener&refusal=message');
});

test('a handshake refused by its first message rejects with that error', async () => {
  const stack = new Stack();
  refuseInBand(stack);
  await assert.rejects(stack.speaker(), { code: 'TOKEN_EXPIRED', status: 401, retryable: false });
  assert.equal(stack.sockets.length, 1);
});

test('a service that is down is tried again, as its error says', async () => {
  const stack = new Stack();
  const accept = stack.onConnect;
  refuseInBand(stack, { ...REFUSED, status: 503, code: 'SERVICE_UNAVAILABLE', retryAfter: 3 });
  const joining = stack.listener();
  await stack.clock.advance(2.9);
  assert.equal(stack.sockets.length, 1);
  stack.onConnect = accept;
  await stack.clock.advance(2);
  assert.equal((await joining).state, 'open');
});

test('a token refused on the way back is asked for once more, then the session is closed', async () => {
  const stack = new Stack();
  let asked = 0;
  const session = await stack.speaker({ token: () => `token ${(asked += 1)}` });
  refuseInBand(stack);
  stack.sockets[0].drop();
  await stack.clock.advance(60);
  assert.deepEqual([session.state, session.closeReason], ['closed', 'failed']);
  assert.deepEqual([session.error.code, session.error.status], ['TOKEN_EXPIRED', 401]);
  assert.deepEqual([asked, stack.sockets.length], [3, 3]);
});

test('a handshake that fails without a status is tried `connectAttempts` times', async () => {
  const stack = new Stack();
  stack.onConnect = (socket) => socket.refuse();
  const joining = stack.listener({ connectAttempts: 3 });
  const refused = assert.rejects(joining, { code: 'CONNECTION_FAILED', retryable: true });
  await stack.clock.advance(60);
  await refused;
  assert.equal(stack.sockets.length, 3);
});

test('a socket that never opens is given up after `connectTimeout`', async () => {
  const stack = new Stack();
  stack.onConnect = () => {};
  const refused = assert.rejects(stack.listener({ connectAttempts: 1 }), { code: 'CONNECTION_FAILED' });
  await stack.clock.advance(10);
  await refused;
});

test('an aborted attempt rejects with the given reason', async () => {
  const stack = new Stack();
  stack.onConnect = () => {};
  const controller = new AbortController();
  const refused = assert.rejects(stack.listener({ signal: controller.signal }), { name: 'AbortError' });
  await settle();
  controller.abort();
  await refused;
});

test('broadcasts before the first handler are kept', async () => {
  const stack = new Stack();
  const join = stack.replies.joinSession;
  stack.lastSeq = { '*': 0, es: 5 };
  stack.replies.joinSession = (request, socket) => {
    socket.deliver(broadcast(6));
    return { ...join(request), missed: [broadcast(4), broadcast(5)] };
  };
  const session = await stack.listener({ resumeToken: 'kept', lastSeq: { '*': 0, es: 3 } });
  const events = record(session, 'broadcast');
  assert.deepEqual(data(events), ['es 4', 'es 5', 'es 6']);
  const [request] = stack.socket.requests('joinSession');
  assert.deepEqual([request.resumeToken, request.lastSeq], ['kept', { '*': 0, es: 3 }]);
});

test('a session can be iterated until it ends', async () => {
  const stack = new Stack();
  const session = await stack.listener();
  const seen = [];
  const reading = (async () => {
    for await (const message of session) seen.push(message.seq);
  })();
  stack.socket.deliver(broadcast(1));
  await settle();
  stack.socket.deliver(broadcast(2));
  stack.socket.deliver({ type: 'sessionEnded', sessionId: SESSION, reason: 'endedBySpeaker' });
  await reading;
  assert.deepEqual(seen, [1, 2]);
  assert.equal(session.state, 'closed');
  assert.equal(session.closeReason, 'endedBySpeaker');
});

test('a page that was reloaded takes over its session', async () => {
  const stack = new Stack();
  const options = stack.options({ sessionId: SESSION, token: 'jwt' });
  const session = await resumeSession('ws://stack/local', options);
  const [request] = stack.socket.requests('refreshConnection');
  assert.deepEqual([request.sessionId, request.role], [SESSION, 'speaker']);
  assert.equal(session.role, 'speaker');
});

test('a platform without WebSocket is named', () => {
  const stack = new Stack();
  const options = { ...stack.options(), WebSocket: undefined, sessionId: SESSION, targetLanguage: 'es' };
  assert.throws(() => joinSession('ws://stack/local', options), TypeError);
});

test('a private session is joined with its key, also by who reconnects', async () => {
  const stack = new Stack();
  const session = await stack.listener({ joinKey: 'k-1' });
  assert.equal(stack.socket.requests('joinSession')[0].joinKey, 'k-1');
  assert.equal(session.joinKey, 'k-1');
});

test('a link carries the session and its key behind the #, and keeps the rest of the page', () => {
  const link = joinLink('https://example.org/talk?lang=es#old', { sessionId: SESSION, joinKey: 'a_b-c' });
  assert.equal(link, `https://example.org/talk?lang=es#session=${SESSION}&key=a_b-c`);
  assert.deepEqual(readJoinLink(link), { sessionId: SESSION, joinKey: 'a_b-c' });
  assert.deepEqual(readJoinLink('https://example.org/'), { sessionId: undefined, joinKey: undefined });
  assert.equal(joinLink('https://example.org/', { sessionId: SESSION }), `https://example.org/#session=${SESSION}`);
});
