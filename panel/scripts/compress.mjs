// Puts a compressed copy beside each built file that becomes smaller, for Weir to send as it stands.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name);
  if (!statSync(path).isFile() || name.endsWith('.gz')) continue;
  const plain = readFileSync(path);
  const compressed = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
  if (compressed.length < plain.length) writeFileSync(`${path}.gz`, compressed);
}
