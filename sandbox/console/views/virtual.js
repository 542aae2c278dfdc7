/** A list of any length that renders only the visible rows, with the keyboard control of a listbox. */

import { h, onceAFrame } from '../lib/dom.js';

const SPARE = 4; // rows beyond the edges

let lists = 0;

export class VirtualList {
  #items = [];
  #rows = new Map(); // index → element
  #selected = null;

  /**
   * `fill(row, item)` writes an item into its row; `key(item)` identifies an item; `select(item)` is
   * called with the user's choice. `stick` keeps the end in view while the list grows.
   */
  constructor({ label, height, fill, key, select = () => {}, stick = false, empty = '' }) {
    Object.assign(this, { height, fill, key, select, stick });
    lists += 1;
    this.id = `list-${lists}`;
    this.space = h('div.space');
    this.empty = h('p.empty', { style: 'padding: 10px 14px' }, empty);
    this.element = h('div.scroll', { role: 'listbox', tabindex: '0', 'aria-label': label }, this.space);
    this.draw = onceAFrame(() => this.#draw());
    this.element.addEventListener('scroll', this.draw, { passive: true });
    this.element.addEventListener('keydown', (event) => this.#keyed(event));
    this.element.addEventListener('click', ({ target }) => {
      const row = target.closest('.item');
      if (row) this.choose(this.#items[Number(row.dataset.index)]);
    });
    new ResizeObserver(this.draw).observe(this.element);
  }

  show(items) {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const atEnd = this.stick && scrollTop + clientHeight >= scrollHeight - this.height * 2;
    this.#items = items;
    this.space.style.height = `${items.length * this.height}px`;
    if (atEnd) this.element.scrollTop = items.length * this.height;
    this.draw();
  }

  choose(item, reveal = false) {
    if (!item) return;
    this.#selected = this.key(item);
    if (reveal) this.#reveal(this.#index());
    this.draw();
    this.select(item);
  }

  #index() {
    return this.#items.findIndex((item) => this.key(item) === this.#selected);
  }

  #reveal(index) {
    const top = index * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
  }

  #keyed(event) {
    const page = Math.floor(this.element.clientHeight / this.height);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || !this.#items.length) return;
    event.preventDefault();
    const at = this.#index();
    const to = Math.min(this.#items.length - 1, Math.max(0, at + step)); // `at` is -1 before the first choice
    this.choose(this.#items[to], true);
  }

  #draw() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - SPARE);
    const last = Math.min(this.#items.length, Math.ceil((scrollTop + clientHeight) / this.height) + SPARE);
    if (this.#items.length) this.empty.remove();
    else if (!this.empty.isConnected) this.element.before(this.empty);
    this.element.hidden = !this.#items.length;
    for (const [index, row] of this.#rows) {
      if (index < first || index >= last) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) this.#row(index);
    const at = this.#index();
    if (this.#rows.has(at)) this.element.setAttribute('aria-activedescendant', `${this.id}-${at}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  #row(index) {
    let row = this.#rows.get(index);
    if (!row) {
      row = h('div.item', { role: 'option', id: `${this.id}-${index}` });
      row.dataset.index = String(index);
      row.style.cssText = `top: ${index * this.height}px; height: ${this.height}px`;
      this.#rows.set(index, row);
      this.space.append(row);
    }
    const item = this.#items[index];
    row.setAttribute('aria-selected', String(this.key(item) === this.#selected));
    row.setAttribute('aria-posinset', String(index + 1));
    row.setAttribute('aria-setsize', String(this.#items.length));
    this.fill(row, item);
  }
}

/** Return the cells of a row, which are created once. */
export function cells(row, ...classes) {
  if (!row.children.length) row.append(...classes.map((name) => h(`span${name ? `.${name}` : ''}`)));
  return [...row.children];
}
