/** Paints the room onto a canvas. */

import { colour } from '../lib/dom.js';
import { hueOf } from '../lib/languages.js';

const LIFE = 7200; // seconds that a socket lives
const still = window.matchMedia('(prefers-reduced-motion: reduce)');

export function paintRoom({ context }, scene, { time, flying, lit, people, flight, glow }) {
  const ink = colour('--ink');
  const line = colour('--line-strong');
  const hues = new Map();
  const hue = (language) => {
    if (!hues.has(language)) hues.set(language, colour(hueOf(language)));
    return hues.get(language);
  };
  rows(context, scene, colour('--line'));
  const places = new Map();
  for (const place of scene.places) {
    const { seat, language } = place;
    places.set(seat, place);
    const since = lit.get(seat);
    const light = since === undefined ? 0 : Math.max(0, 1 - Math.max(0, time - since - flight) / glow);
    const arrived = since !== undefined && time - since > (still.matches ? 0 : flight);
    paintSeat(context, place, scene.pitch, { hue: hue(language), line, time, light: arrived ? light : 0 });
  }
  if (!still.matches) {
    for (const { listener, since } of flying) {
      const place = places.get(listener);
      if (place) paintFlight(context, scene.lectern, place, (time - since) / flight, hue(place.language));
    }
  }
  if (people.sessionId) lectern(context, scene.lectern, people.speaker?.state === 'reconnecting' ? line : ink);
}

/** Faint rows, so that an empty room looks like a room. */
function rows(context, { lectern: { x, y }, reach, wide }, stroke) {
  context.strokeStyle = stroke;
  context.lineWidth = 1;
  for (let row = 0; row < 5; row += 1) {
    const radius = reach * (0.3 + row * 0.175);
    context.beginPath();
    context.ellipse(x, y, radius * wide, radius, 0, Math.PI * 0.99, Math.PI * 2.01);
    context.stroke();
  }
}

function paintSeat(context, { x, y, seat }, pitch, { hue, line, time, light }) {
  const size = Math.max(2, pitch * 0.27);
  const away = seat.state === 'reconnecting' || seat.state === 'connecting';
  context.globalAlpha = away ? 0.35 + 0.25 * Math.sin(time / 160) : seat.other ? 0.3 : 0.42 + 0.58 * light;
  context.fillStyle = hue;
  context.beginPath();
  context.arc(x, y, size * (1 + 0.22 * light), 0, Math.PI * 2);
  if (away) {
    context.strokeStyle = hue;
    context.lineWidth = 2;
    context.stroke();
  } else context.fill();
  context.globalAlpha = 1;
  if (pitch < 16 || seat.other) return;
  // A ring around the seat: the share of two hours that its socket has lived.
  context.lineWidth = 2;
  context.strokeStyle = line;
  ring(context, x, y, size + 4, 1, 0.4);
  context.strokeStyle = hue;
  ring(context, x, y, size + 4, Math.min(1, seat.age / LIFE), 1);
}

function ring(context, x, y, radius, share, alpha) {
  if (share <= 0) return;
  context.globalAlpha = alpha;
  context.beginPath();
  context.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + share * Math.PI * 2);
  context.stroke();
  context.globalAlpha = 1;
}

function paintFlight(context, from, to, share, hue) {
  if (share < 0 || share > 1) return;
  const eased = 1 - (1 - share) ** 3;
  const tail = Math.max(0, eased - 0.16);
  const point = (at) => [from.x + (to.x - from.x) * at, from.y - 18 + (to.y - from.y + 18) * at];
  context.globalAlpha = 0.8 * (1 - share * 0.5);
  context.strokeStyle = hue;
  context.lineWidth = 2;
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(...point(tail));
  context.lineTo(...point(eased));
  context.stroke();
  context.globalAlpha = 1;
}

function lectern(context, { x, y }, fill) {
  context.fillStyle = fill;
  context.beginPath();
  context.moveTo(x - 17, y - 14);
  context.lineTo(x + 17, y - 14);
  context.lineTo(x + 12, y - 2);
  context.lineTo(x - 12, y - 2);
  context.closePath();
  context.fill();
  context.fillRect(x - 2, y - 2, 4, 14);
  context.fillRect(x - 9, y + 12, 18, 3);
}
