/**
 * Builds `lectern.js` and its source map from `src`. Both are in the repository, so that the console
 * and the examples need no npm.
 *
 *     node build.mjs            write them
 *     node build.mjs --check    exit with 1 if they are not what `src` gives
 */

import { readFile, writeFile } from 'node:fs/promises';

import { build } from 'esbuild';

// Members that modules use of each other and no user sees. The build shortens their names.
const INTERNAL = [
  '_.*', 'attempts', 'buffered', 'cancelTimeout', 'checkPositions', 'closeAll', 'dropRefusedToken',
  'heartbeatFields', 'isCurrent', 'isDuplicate', 'isOpen', 'isReply', 'onEnd', 'onSent', 'onText',
  'participant', 'readyConnection', 'replaced', 'restart', 'returnRequest', 'scheduler', 'waitIdle',
  'wakeAll',
];

const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ['src/index.js'],
  outfile: 'lectern.js',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
  sourcemap: true,
  write: false,
});

for (const { path, text } of outputFiles) {
  if (!process.argv.includes('--check')) {
    await writeFile(path, text);
  } else if ((await readFile(path, 'utf8')) !== text) {
    console.error(`${path} is not what src gives: run "npm run build"`);
    process.exitCode = 1;
  }
}
