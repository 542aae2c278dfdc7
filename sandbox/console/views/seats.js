/** Where everybody sits: an amphitheatre in front of the lectern, a wedge for each language. */

const WIDEST = 44; // pixels between two seats, where there is room
const NARROWEST = 5;
const AISLE = 0.07; // radians between two wedges
const OPENING = Math.PI * 1.04; // the whole fan
const WIDE = 1.5; // how much wider than deep the room may be

/**
 * `groups`: `[{language, seats: [anything]}]`. Returns the lectern's place, how far the
 * rows reach and how much further to the sides, the distance between seats, and for each seat `{x, y, language, seat}`.
 */
export function arrange(groups, width, height) {
  const lectern = { x: width / 2, y: height - 34 };
  const reach = Math.min(width / 2 - 16, height - 56);
  const wide = Math.min(WIDE, (width / 2 - 16) / Math.max(1, reach));
  const total = groups.reduce((sum, { seats }) => sum + seats.length, 0);
  for (let pitch = WIDEST; ; pitch -= 1) {
    const placed = attempt(groups, total, { lectern, reach, wide }, pitch);
    if (placed || pitch <= NARROWEST) return { lectern, reach, wide, pitch, places: placed ?? [] };
  }
}

function attempt(groups, total, { lectern, reach, wide }, pitch) {
  const inner = Math.max(46, reach * 0.3);
  const span = OPENING - AISLE * (groups.length - 1);
  let from = Math.PI * 1.5 - OPENING / 2;
  const places = [];
  for (const { language, seats } of groups) {
    const angle = (span * seats.length) / Math.max(1, total);
    const filled = wedge(seats.length, { from, angle, inner, reach, pitch });
    if (!filled) return null;
    filled.forEach(({ radius, at }, index) => {
      const [x, y] = [lectern.x + wide * radius * Math.cos(at), lectern.y + radius * Math.sin(at)];
      places.push({ x, y, language, seat: seats[index] });
    });
    from += angle + AISLE;
  }
  return places;
}

/** Row by row from the front, all rows filled alike; null if the seats do not fit. */
function wedge(count, { from, angle, inner, reach, pitch }) {
  const rows = [];
  let room = 0;
  for (let radius = inner; radius <= reach; radius += pitch) {
    room += Math.max(1, Math.floor((radius * angle) / pitch));
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
