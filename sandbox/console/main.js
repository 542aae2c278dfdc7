/** Builds the models and the views, and connects them. Every other file is told what it needs. */

import { News } from './lib/news.js';
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

const news = new News();
const stack = new Stack(news);
const journal = new Journal(news, () => stack.now);
const people = new People(stack, journal);

/** An event handler out of something that may fail: the failure is told, in words. */
const attempt = (act) => async (event) => {
  event?.preventDefault();
  try {
    await act();
  } catch (error) {
    journal.story(error.message, true);
  }
};

const parts = { news, stack, journal, people, attempt };
bar(parts);
sessionCard(parts);
const { select } = listenersCard(parts);
roomCard({ ...parts, select });
dialCard(parts);
crowdCard(parts);
latencyCard(parts);
logCard(parts);
tablesCard(parts);
worldCard(parts);

document.querySelector('#show').addEventListener('click', attempt(async () => {
  await people.start('en');
  await people.fill(30);
  people.talk.start('talk');
}));

news.on('line', (line) => journal.line(line));
const asked = new URLSearchParams(location.search).get('session');
if (asked) people.look(asked);
stack.follow();
