/** Elements, and drawing at most once a frame. */

/** Create an element: `h('button.primary', {type: 'button', onclick}, 'Text')`. Null attributes are left out. */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') element.setAttribute('style', value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return a function that schedules one call of `draw` for the next frame. */
export function onceAFrame(draw) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame((time) => {
      scheduled = false;
      draw(time);
    });
  };
}

/** The same, with at most one call every `seconds`. */
export function atMostEvery(seconds, draw) {
  const soon = onceAFrame(draw);
  let timer = null;
  let last = -Infinity;
  return () => {
    if (timer !== null) return;
    const wait = Math.max(0, last + seconds * 1000 - performance.now());
    timer = setTimeout(() => {
      timer = null;
      last = performance.now();
      soon();
    }, wait);
  };
}

/** Set the text only if it differs, which spares screen readers and layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Size a canvas for the screen's resolution; return its context in CSS pixels, and its size. */
export function sharp(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [w, h2] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h2) Object.assign(canvas, { width: w, height: h2 });
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Return a colour of the current theme. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
