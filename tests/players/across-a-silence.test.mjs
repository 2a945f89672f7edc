// A cold engine that takes 25 s to begin, and then gives nothing for 30 s: players of HLS are shown what goes on, and come back untouched.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FRAMES_PER_SECOND, channelOf, startChromium, startSite, startWeir, trouble, until, watch } from './lib.mjs';
import { ffmpeg, gstreamer, gstreamer3, mpv, present, vlc } from './viewers.mjs';

/** The slate's pictures, and the demo's. */
const SLATE_WIDTH = 1280;
const CLIP_WIDTH = 640;

/** The first list is held for eight seconds; the rest is for seven players that begin on two busy cores. */
const BEGIN_MILLISECONDS_MAX = 60_000;

/** The engine takes 25 s; what was listed before its media is played first. */
const BACK_MILLISECONDS_MAX = 90_000;

/** All are on the live picture for a while before the next trouble. */
const CALM_SECONDS = 5;

/** What is held ahead covers the first dozen seconds; the rest is for the slate. */
const SILENT_SECONDS = 30;

/** Players that hold six seconds run dry before the slate is listed, and on a busy machine some take long to go on. */
const RATE_MIN = 0.5;

const kinds = { ffmpeg, mpv, vlc, gstreamer, gstreamer3 };

let weir, site, browsers, viewers;
before(async () => {
  [weir, site] = await Promise.all([startWeir(1, 'slow', { WEIR_SLATE: 'hls' }), startSite()]);
  browsers = await Promise.all([startChromium(), startChromium()]);
});
after(async () => {
  await Promise.all(Object.values(viewers ?? {}).map((viewer) => viewer.stop?.() ?? viewer.close()));
  await Promise.all((browsers ?? []).map((browser) => browser.close()));
  await site?.stop();
  await weir?.stop();
});

test('players of a cold channel see that it starts, and then its picture', { timeout: 240_000 }, async (t) => {
  viewers = Object.fromEntries(await Promise.all([
    ...Object.entries(await present(kinds)).map(async ([name, start]) => [name, await start(weir.manifests[0])]),
    ...['hls.js', 'native'].map(async (name, index) => [name, await watch(browsers[index], site.page(name, weir.manifests[0]), BEGIN_MILLISECONDS_MAX)]),
  ]));
  const published = sourceListed();
  const seen = await eachSeesSlateAndClip(BACK_MILLISECONDS_MAX);

  tell(t, seen, await published);
});

test('players see that the source is lost, and are back on its picture when it is there', { timeout: 240_000 }, async (t) => {
  await wait(CALM_SECONDS);
  const first = await look();
  await trouble(weir, 'silence', SILENT_SECONDS);
  await until('the slate is listed', BACK_MILLISECONDS_MAX, onSlate);
  const published = sourceListed();
  const seen = await eachSeesSlateAndClip(BACK_MILLISECONDS_MAX);
  const last = await look();

  tell(t, seen, await published);
  const wrong = Object.keys(last).flatMap((name) => {
    const rate = ((last[name].frames - first[name].frames) * 1000) / (last[name].at - first[name].at);
    t.diagnostic(`${name}: ${rate.toFixed(1)} frames a second, longest gap ${(last[name].longestGapMilliseconds / 1000).toFixed(1)} s`);
    return FRAMES_PER_SECOND * RATE_MIN <= rate ? [] : [`${name}: ${rate.toFixed(1)} frames a second`];
  });
  assert.deepEqual(wrong, []);
});

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

const onSlate = async () => (await channelOf(weir, weir.ids[0]))?.on_slate;

/** When the source's own media is listed, for whoever waits for it. */
function sourceListed() {
  const listed = until('the source is there', BACK_MILLISECONDS_MAX, async () => (await onSlate()) === false && performance.now());
  listed.catch(() => undefined);
  return listed;
}

async function look() {
  const looks = Object.entries(viewers).map(async ([name, viewer]) => [name, await viewer.look()]);
  return Object.fromEntries(await Promise.all(looks));
}

/** When each player first showed the demo's picture after the slate's; fails after the deadline. */
async function eachSeesSlateAndClip(millisecondsMax) {
  const [slate, clip] = [{}, {}];
  let last = {};
  const shows = (name) => `${name}, which has shown ${last[name].frames} pictures, the newest ${last[name].width} wide`;
  const missing = (seen) => Object.keys(last).filter((name) => !(name in seen)).map(shows).join('; ') || 'nobody';
  const wanted = () => `everybody has seen the slate (not yet: ${missing(slate)}) and then the picture (not yet: ${missing(clip)})`;
  await until(wanted, millisecondsMax, async () => {
    last = await look();
    for (const [name, { fault, width }] of Object.entries(last)) {
      assert.equal(fault, null, name);
      if (width === SLATE_WIDTH) slate[name] ??= performance.now();
      if (width === CLIP_WIDTH && slate[name]) clip[name] ??= performance.now();
    }
    return Object.keys(clip).length === Object.keys(viewers).length;
  });
  return clip;
}

/** Says how long each took from the first listing of real media to the first real picture. */
function tell(t, seen, published) {
  for (const [name, at] of Object.entries(seen)) t.diagnostic(`${name}: live picture ${((at - published) / 1000).toFixed(1)} s after it was listed`);
}
