// Strict players begin on one channel at about the same time, and show every picture in time.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FRAMES_PER_SECOND, channelOf, playsInTime, run, startChromium, startSite, startWeir, until } from './lib.mjs';

const SECONDS = 20;

/** Media that fills a list of six segments. */
const LONG_SECONDS = 28;

/** It comes at its own pace. */
const LONG_MILLISECONDS_MAX = 60_000;

let weir, site, browsers;
before(async () => {
  [weir, site, ...browsers] = await Promise.all([startWeir(1), startSite(), startChromium(), startChromium()]);
});
after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await site?.stop();
  await weir?.stop();
});

/** Fails unless ffmpeg takes all of it without a word; with -xerror, what others conceal ends it. */
async function decodesAll(url) {
  const strict = ['-nostats', '-v', 'warning', '-xerror', '-err_detect', 'crccheck+bitstream+buffer', '-t', String(SECONDS)];
  const counted = ['-i', url, '-progress', 'pipe:1', '-f', 'null', '-'];

  const { code, stdout, stderr } = await run('ffmpeg', [...strict, ...counted], { millisecondsMax: (SECONDS + 60) * 1000 });

  assert.equal(code, 0, `ffmpeg failed:\n${stderr}`);
  assert.equal(stderr.trim(), '', 'ffmpeg warned');
  const frames = Number([...stdout.matchAll(/^frame=\s*(\d+)$/gm)].at(-1)?.[1]);
  const expected = SECONDS * FRAMES_PER_SECOND;
  assert.ok(Math.abs(frames - expected) <= expected * 0.05, `${frames} frames instead of ${expected}`);
}

describe('from the start of a channel on', { concurrency: true, timeout: 120_000 }, () => {
  test('ffmpeg plays HLS without an error and without a missing frame', () => decodesAll(weir.manifests[0]));

  test('ffmpeg plays continuous TS without an error and without a missing frame', () => decodesAll(weir.streams[0]));

  // What phones and television boxes use, behind a plain <video src>. On the short list of a channel that has just begun it now and
  // then runs dry, and goes on.
  test("Chromium's own HLS player plays every frame in time, once the list is long", async () => {
    await until('the list is long', LONG_MILLISECONDS_MAX, async () => LONG_SECONDS <= (await channelOf(weir, weir.ids[0]))?.buffer_seconds);
    await playsInTime(browsers[0], site.page('native', weir.manifests[0]));
  });

  // It needs the CORS headers.
  test('a web page with hls.js, on another site, plays every frame in time', () => playsInTime(browsers[1], site.page('hls.js', weir.manifests[0])));
});
