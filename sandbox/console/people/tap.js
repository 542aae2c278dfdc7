/** A WebSocket that logs its messages, with a name in its URL by which the sandbox can cut it. */

const PAGE = Math.random().toString(36).slice(2, 8);
let count = 0;

/**
 * Return the WebSocket class of one person. Every message goes into `journal`; open sockets are in
 * the person's `sockets`, the newest last.
 */
export function tapped(person, journal) {
  return class extends WebSocket {
    constructor(url, protocols) {
      const tagged = new URL(url);
      count += 1;
      const client = `${PAGE}-${count}`;
      tagged.searchParams.set('client', client);
      super(tagged.href, protocols);
      this.client = client;
      this.addEventListener('open', () => {
        person.sockets.push(this);
        person.opened();
      });
      this.addEventListener('message', ({ data }) => journal.message('received', person.name, data));
      this.addEventListener('close', ({ code }) => {
        const at = person.sockets.indexOf(this);
        if (at >= 0) person.sockets.splice(at, 1);
        journal.add('socket', person.name, `socket closed with ${code}`, { type: 'close' });
      });
    }

    send(text) {
      journal.message('sent', person.name, text);
      super.send(text);
    }
  };
}
