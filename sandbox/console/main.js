/** Builds the models and the views, and connects them. */

import { readJoinLink } from '/clients/js/lectern.js';
import { EventBus } from './lib/events.js';
import { Journal } from './people/journal.js';
import { People } from './people/people.js';
import { Stack } from './stack/stack.js';
import { bar } from './views/bar.js';
import { crowdCard } from './views/crowd.js';
import { dialCard } from './views/dial.js';
import { latencyCard } from './views/latency.js';
import { listenersCard } from './views/listeners.js';
import { logCard } from './views/log.js';
import { roomCard } from './views/room.js';
import { sessionCard } from './views/session.js';
import { tablesCard } from './views/tables.js';
import { worldCard } from './views/world.js';

const events = new EventBus();
const stack = new Stack(events);
const journal = new Journal(events, () => stack.now);
const people = new People(stack, journal);

/** Return an event handler that calls `act` and shows the message of an error that it throws. */
const attempt = (act) => async (event) => {
  event?.preventDefault();
  try {
    await act();
  } catch (error) {
    journal.story(error.message, true);
  }
};

const context = { events, stack, journal, people, attempt };
bar(context);
sessionCard(context);
const { select } = listenersCard(context);
roomCard({ ...context, select });
dialCard(context);
crowdCard(context);
latencyCard(context);
logCard(context);
tablesCard(context);
worldCard(context);

document.querySelector('#show').addEventListener('click', attempt(async () => {
  await people.start('en');
  await people.fill(30);
  people.talk.start('talk');
}));

events.on('line', (line) => journal.line(line));
const linked = readJoinLink(location.href);
const requested = linked.sessionId ?? new URLSearchParams(location.search).get('session');
if (requested) people.look(requested, linked.joinKey);
stack.follow();
