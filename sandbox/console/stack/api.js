/** The sandbox's endpoints (PROTOCOL 7). */

async function call(method, path, body) {
  const response = await fetch(`/_sandbox/${path}`, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const result = await response.json();
  if (!response.ok) throw new Error(result.message ?? `The stack responded with ${response.status}.`);
  return result;
}

export const advance = (seconds) => call('POST', 'clock', { advance: seconds });
export const runSchedule = (name) => call('POST', `schedules/${name}`);
export const addFault = (fault) => call('POST', 'faults', fault);
export const endFaults = () => call('DELETE', 'faults');
export const changePhysics = (figures) => call('POST', 'physics', figures);
export const endPhysics = () => call('DELETE', 'physics');
/** Cut the sockets whose URL has `client`, without a close frame. */
export const cut = ({ client }) => call('POST', 'cut', { client });
export const token = async (sub) => (await call('GET', `token?sub=${encodeURIComponent(sub)}`)).token;

export const socketUrl = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/local`;
