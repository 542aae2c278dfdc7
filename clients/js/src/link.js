/**
 * Return the address of a page of yours with which people join a session: `#session=…&key=…`. Behind
 * the `#`, as a browser sends that part to no server, and puts it into no `Referer`.
 */
export function joinLink(page, { sessionId, joinKey }) {
  const address = new URL(page);
  const fields = joinKey ? { session: sessionId, key: joinKey } : { session: sessionId };
  address.hash = new URLSearchParams(fields);
  return address.href;
}

/** Return the `sessionId` and `joinKey` of such an address, as options of `joinSession`. */
export function readJoinLink(address) {
  const fields = new URLSearchParams(new URL(address).hash.slice(1));
  const [sessionId, joinKey] = [fields.get('session'), fields.get('key')];
  return { sessionId: sessionId ?? undefined, joinKey: joinKey ?? undefined };
}
