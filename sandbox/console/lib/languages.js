/** Languages: their English names, and a colour for each. */

export const OFFERED = ['es', 'fr', 'de', 'pt', 'it', 'pl', 'nl', 'sv', 'ja', 'ar', 'hi', 'zh-Hans'];
/** The languages of "Fill the room", each with its share of the listeners. */
export const SIX = { es: 8, fr: 7, de: 5, pt: 4, it: 3, pl: 3 };
const COLOURS = 8;

const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });
const hues = new Map();

export function languageName(code) {
  try {
    return names.of(code);
  } catch {
    return code;
  }
}

/** Return the CSS variable of the language's colour, `--hue-0` and so on. */
export function hueOf(code) {
  if (!hues.has(code)) hues.set(code, hues.size % COLOURS);
  return `--hue-${hues.get(code)}`;
}

for (const code of Object.keys(SIX)) hueOf(code);
