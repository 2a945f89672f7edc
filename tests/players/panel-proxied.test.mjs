// The panel of a real Weir under a path of another host, by HTTPS, as an operator puts it behind nginx.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startChromium, startWeir } from './lib.mjs';
import { BROWSER_ARGUMENTS, startNginx } from './nginx.mjs';
import { openPanel, PICTURE_MILLISECONDS_MAX, showsMotion, visitAll } from './panel-lib.mjs';

let weir, nginx, browser;
before(async () => {
  weir = await startWeir(2, 'none', { WEIR_SHARED_SEGMENT_URLS: 'true' });
  nginx = await startNginx(weir);
  browser = await startChromium(BROWSER_ARGUMENTS);
});
after(async () => {
  await browser?.close();
  await nginx?.stop();
  await weir?.stop();
});

/** Whatever leaves the place that nginx gives to Weir is among the complaints. */
const open = (hash) => openPanel(browser, nginx.root, hash, { ignoreHTTPSErrors: true });

/** What a page of the same place reads at an address. */
const read = (page, url) => page.evaluate(async (asked) => {
  const answer = await fetch(asked);
  return { status: answer.status, body: await answer.text() };
}, url);

test('each page opens below the path, is told what happens, and complains of nothing', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await open();
  await visitAll(page, () => page.locator('.heard').getByText('Live', { exact: true }).waitFor());

  // What Weir tells comes through at once; nobody asks for it within the wait.
  await page.evaluate(() => (location.hash = '#/events'));
  await page.getByText('Live', { exact: true }).waitFor();
  const answer = await fetch(weir.manifests[1]);
  assert.equal(answer.status, 200);
  await page.locator('.log').getByText('Stream live').first().waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

for (const mode of ['hls', 'ts']) {
  test(`a channel plays as ${mode}, and its links lead through the proxy`, { timeout: 90_000 }, async () => {
    const { page, complaints, close } = await open(`#/streams/${weir.ids[0]}?play=${mode}`);
    await showsMotion(page);
    await page.locator('.playhead').first().waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
    assert.equal(await page.getByLabel('HLS link', { exact: true }).inputValue(), `${nginx.root}/ace/manifest.m3u8?id=${weir.ids[0]}`);
    assert.equal(await page.getByLabel('TS link', { exact: true }).inputValue(), `${nginx.root}/ace/getstream?id=${weir.ids[0]}&mode=ts`);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test('what is carried to players and to monitoring holds the scheme, the host and the path', { timeout: 60_000 }, async () => {
  const { page, complaints, close } = await open('#/settings/playlists');
  const list = await page.getByLabel('Playlist, as HLS', { exact: true }).inputValue();
  assert.equal(list, `${nginx.root}/playlist.m3u?mode=hls`);
  const { body } = await read(page, list);
  const links = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(links, weir.ids.map((id) => `${nginx.root}/ace/manifest.m3u8?id=${id}`));

  await page.evaluate(() => (location.hash = '#/metrics'));
  const metrics = await page.getByLabel('Address for Prometheus', { exact: true }).inputValue();
  assert.equal(metrics, `${nginx.root}/metrics`);
  assert.equal((await read(page, metrics)).status, 200);
  assert.deepEqual(complaints, []);
  await close();
});
