// Fails when what the page loads before anything is played is larger, gzipped, than its budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** A second on a 1 Mbit/s line. */
const FIRST_LOAD_BYTES_MAX = 120_000;

const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');

/** What the page names, and what those scripts import at once (an `import(...)` comes later). */
function firstLoad() {
  const named = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((match) => match[1]);
  const files = new Set(['index.html', ...named]);
  for (const file of files) {
    if (!file.endsWith('.js')) continue;
    const script = readFileSync(new URL(file, dist), 'utf8');
    for (const match of script.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) {
      files.add(`assets/${match[1]}`);
    }
  }
  return [...files];
}

let total = 0;
for (const file of firstLoad()) {
  const bytes = gzipSync(readFileSync(new URL(file, dist))).length;
  total += bytes;
  console.log(`${String(bytes).padStart(8)} B  ${file}`);
}
console.log(`${String(total).padStart(8)} B  first load, gzipped (at most ${FIRST_LOAD_BYTES_MAX} B)`);
if (FIRST_LOAD_BYTES_MAX < total) {
  process.exitCode = 1;
}
