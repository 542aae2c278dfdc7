// Parses the mermaid diagrams that stdin has as a JSON array; prints its kind, or what is wrong, for each.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

// Mermaid cleans labels with DOMPurify, which wants a browser's window before it is loaded.
const { window } = new JSDOM();
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");

for (const [number, text] of JSON.parse(readFileSync(0, "utf8")).entries()) {
  try {
    const { diagramType } = await mermaid.parse(text);
    console.log(number, diagramType);
  } catch (error) {
    console.log(number, "wrong:", error.message.replaceAll("\n", " "));
  }
}
