// The life of a channel as its viewers and its engine notice it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FRAMES_PER_SECOND, channelOf, getJson, startChromium, startSite, startWeir, until, watch } from './lib.mjs';

/** Both play together for so long. */
const TOGETHER_MILLISECONDS = 10_000;

/** A viewer's silence is noticed after some target durations, then the channel lingers for 5 s. */
const GONE_MILLISECONDS_MAX = 60_000;

const SAMPLE_MILLISECONDS = 500;

let weir, site, browser;
before(async () => {
  weir = await startWeir();
  site = await startSite();
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await weir?.stop();
});

const engine = async () => (await getJson(`${weir.root}/api/v1/demo`)).engine;

test('a second viewer joins and the first sees no gap; when both have left, the engine is told to stop', { timeout: 180_000 }, async (t) => {
  const id = weir.ids[0];
  const address = site.page('hls.js', weir.manifests[0]);
  const first = await watch(browser, address);
  await first.page.evaluate(() => window.forget());

  let second;
  await t.test('the pictures of the first keep coming', async () => {
    const samples = sampleUntilDone(first, (async () => {
      second = await watch(browser, address);
      const joined = await second.look();
      await until('both have played together', 2 * TOGETHER_MILLISECONDS, async () => TOGETHER_MILLISECONDS <= (await second.look()).at - joined.at);
    })());
    for (const [before, now] of await samples) {
      assert.equal(now.fault, null);
      // Frames decoded, not painted: a busy machine paints late, which says nothing about the stream.
      const due = ((now.at - before.at) / 1000) * FRAMES_PER_SECOND;
      const got = now.frames - before.frames;
      assert.ok(due / 2 <= got, `${got} frames within ${(now.at - before.at).toFixed(0)} ms, ${due.toFixed(0)} were due`);
      assert.equal(now.waits, 0, 'the player ran dry');
    }
  });

  await t.test('both are counted, and the engine was asked once', async () => {
    const channel = await channelOf(weir, id);
    assert.equal(channel?.viewers, 2);
    assert.equal(channel?.upstream.sessions, 1);
    assert.equal((await engine()).starts, 1);
  });

  await t.test('the last viewer leaves, the channel ends, the engine has no session left', async () => {
    await second.close();
    await until('one viewer is left', GONE_MILLISECONDS_MAX, async () => (await channelOf(weir, id))?.viewers === 1);
    assert.equal((await engine()).stops, 0);
    await first.close();
    await until('the channel is gone', GONE_MILLISECONDS_MAX, async () => !(await channelOf(weir, id)));
    await until('the engine was told to stop', GONE_MILLISECONDS_MAX, async () => (await engine()).stops === 1);
    assert.equal((await engine()).live_sessions, 0);
  });
});

/** Pairs of looks at a viewer, some half a second apart, for as long as something else takes. */
async function sampleUntilDone(viewer, task) {
  let done = false;
  const ended = task.finally(() => (done = true));
  const pairs = [];
  let before = await viewer.look();
  while (!done) {
    const since = before.at;
    const now = await until('half a second has passed', 10_000, async () => {
      const seen = await viewer.look();
      return SAMPLE_MILLISECONDS <= seen.at - since ? seen : undefined;
    });
    pairs.push([before, now]);
    before = now;
  }
  await ended;
  return pairs;
}
