// ffmpeg is the strictest reader here: with -xerror, what others conceal ends it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FRAMES_PER_SECOND, run, startWeir } from './lib.mjs';

const SECONDS = 20;

let weir;
before(async () => (weir = await startWeir()));
after(() => weir?.stop());

test('ffmpeg plays 20 seconds without an error and without a missing frame', { timeout: 90_000 }, async () => {
  const args = ['-nostats', '-v', 'warning', '-xerror', '-t', String(SECONDS), '-i', weir.manifests[0], '-progress', 'pipe:1', '-f', 'null', '-'];

  const { code, stdout, stderr } = await run('ffmpeg', args, { millisecondsMax: 80_000 });

  assert.equal(code, 0, `ffmpeg failed:\n${stderr}`);
  assert.equal(stderr.trim(), '', 'ffmpeg warned');
  const frames = Number([...stdout.matchAll(/^frame=\s*(\d+)$/gm)].at(-1)?.[1]);
  const expected = SECONDS * FRAMES_PER_SECOND;
  assert.ok(Math.abs(frames - expected) <= expected * 0.05, `${frames} frames instead of ${expected}`);
});
