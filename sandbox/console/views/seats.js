/** The seats: an amphitheatre in front of the lectern, with a wedge for each language. */

const WIDEST = 44; // pixels between two seats, where there is room
const NARROWEST = 5;
const AISLE = 0.07; // radians between two wedges
const OPENING = Math.PI * 1.04; // the whole fan
const LEAST = 0.06; // the share of the fan that even a single listener's language has
const WIDE = 1.5; // how much wider than deep the room may be

/**
 * `groups`: `[{language, seats: [anything]}]`. Returns `lectern`, its position; `reach`, the depth of
 * the rows, and `wide`, the factor of their width; `pitch`, the distance between two seats; and
 * `places`, `{x, y, language, seat}` for each.
 */
export function arrange(groups, width, height) {
  const lectern = { x: width / 2, y: height - 34 };
  const reach = Math.min(width / 2 - 16, height - 56);
  const wide = Math.min(WIDE, (width / 2 - 16) / Math.max(1, reach));
  const room = { lectern, reach, wide };
  for (let pitch = WIDEST; ; pitch -= 1) {
    const places = seated(groups, room, pitch);
    if (places || pitch <= NARROWEST) return { ...room, pitch, places: places ?? [] };
  }
}

/** Place all seats with this pitch; return null if they do not fit. */
function seated(groups, { lectern, reach, wide }, pitch) {
  const total = groups.reduce((sum, { seats }) => sum + seats.length, 0);
  const weights = groups.map(({ seats }) => Math.max(seats.length, total * LEAST));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const span = OPENING - AISLE * (groups.length - 1);
  let from = Math.PI * 1.5 - OPENING / 2;
  const places = [];
  for (const [index, { language, seats }] of groups.entries()) {
    const angle = (span * weights[index]) / all;
    const filled = wedge(seats.length, { from, angle, reach, pitch });
    if (!filled) return null;
    filled.forEach(({ radius, at }, place) => {
      const [x, y] = [lectern.x + wide * radius * Math.cos(at), lectern.y + radius * Math.sin(at)];
      places.push({ x, y, language, seat: seats[place] });
    });
    from += angle + AISLE;
  }
  return places;
}

/** Place the seats of a wedge row by row from the front; return null if they do not fit. */
function wedge(count, { from, angle, reach, pitch }) {
  const least = pitch <= NARROWEST ? 1 : 0; // as a last resort, seats overlap
  const rows = [];
  let room = 0;
  for (let radius = Math.max(46, reach * 0.3); radius <= reach; radius += pitch) {
    room += Math.max(least, Math.floor((radius * angle) / pitch));
    rows.push({ radius, upTo: room });
  }
  if (room < count) return null;
  const places = [];
  for (const { radius, upTo } of rows) {
    const here = Math.round((count * upTo) / room) - places.length;
    for (let seat = 0; seat < here; seat += 1) {
      places.push({ radius, at: from + (angle * (seat + 0.5)) / here });
    }
  }
  return places;
}
