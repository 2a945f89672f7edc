import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actsIn } from './life';

/** Accepted for compatibility: it acts nowhere. */
const NEVER = ['initial_data_check_interval'];

test('the time line knows each setting that Weir has', () => {
  const document = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  const keys = [...document.matchAll(/^\| `([a-z_]+)` \| `[A-Z_]+`/gm)].map((match) => match[1] ?? '');
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter((key) => actsIn(key).length === 0)).toEqual(NEVER);
});
