// The panel of a real Weir in a real browser: what one sees is what happens, and what one sets has its effect.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { artifacts, startChromium, startServer, startWeir, trouble, until } from './lib.mjs';
import { assertAccessible, openPanel, PICTURE_MILLISECONDS_MAX, showsMotion, SOON, visitAll } from './panel-lib.mjs';

let weir, browser;
before(async () => {
  weir = await startWeir();
  browser = await startChromium();
  await mkdir(artifacts, { recursive: true });
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

const open = (hash, options) => openPanel(browser, weir.root, hash, options);

/** A player without a picture, for as long as the test wants it. */
function play(address) {
  const player = spawn('ffmpeg', ['-loglevel', 'quiet', '-re', '-i', address, '-c', 'copy', '-f', 'null', '-'], { stdio: 'ignore' });
  process.once('exit', () => player.kill());
  return player;
}

const channelOf = (root, key) => fetch(`${root}/api/v1/channels/${key}`).then((answer) => (answer.ok ? answer.json() : undefined));

test('each page of a fresh Weir opens and complains of nothing', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await open();
  await page.getByRole('heading', { name: 'Nothing is playing' }).waitFor();
  await visitAll(page, async (name) => {
    assert.equal(await page.locator('.problem:not(:empty)').count(), 0, name);
    await assertAccessible(page);
  });
  await page.locator('.heard').getByText('Live').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

/** How long the browser's own controls stay over a picture that has begun to play. */
const CONTROLS_SECONDS = 5;

test('the picture of the README is taken, in light and in dark', { timeout: 90_000 }, async () => {
  const audience = [weir.manifests[1], weir.streams[1]].map((address) => play(address));
  await until('two players watch', PICTURE_MILLISECONDS_MAX, async () => (await channelOf(weir.root, weir.ids[1]))?.viewers === 2);
  const { page, close } = await open(`#/streams/${weir.ids[1]}?play=hls`, { viewport: { width: 1280, height: 1000 }, reducedMotion: 'reduce' });
  await showsMotion(page);
  const rows = page.getByRole('region', { name: 'Viewers' }).locator('tbody tr');
  await until('all three watch', PICTURE_MILLISECONDS_MAX, async () => (await rows.count()) === 3 && 1 < (await page.locator('.playhead').count()));
  await until('the controls have gone', PICTURE_MILLISECONDS_MAX, () => page.evaluate((least) => least < document.querySelector('video').currentTime, CONTROLS_SECONDS));
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(artifacts, `panel-playing-${colorScheme}.png`) });
  }
  await close();
  audience.forEach((it) => it.kill());
});

test('a newcomer clicks a channel, sees it move, and is seen among its viewers', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await open();

  await page.getByRole('list', { name: 'Known channels' }).getByRole('link').first().click();

  await showsMotion(page);
  const link = await page.getByLabel('HLS link', { exact: true }).inputValue();
  assert.ok(weir.manifests.includes(link), `the link is ${link}`);
  const viewer = page.getByRole('region', { name: 'Viewers' }).getByRole('row').filter({ hasText: 'Chrome' });
  await viewer.waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
  await page.locator('.playhead').first().waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
  await until('it is known how much the viewer has', PICTURE_MILLISECONDS_MAX, async () => /\d s/.test(await viewer.locator('[data-label="Has ahead"]').textContent()));
  assert.deepEqual(complaints, []);
  await close();
});

test('the same channel plays as continuous TS', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await open(`#/streams/${weir.ids[0]}?play=ts`);
  await showsMotion(page);
  const row = page.getByRole('region', { name: 'Viewers' }).getByRole('row').filter({ hasText: 'Chrome' }).filter({ hasText: 'TS' });
  await row.first().waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
  assert.deepEqual(complaints, []);
  await close();
});

test('an acestream link is pasted and played with the keyboard alone', { timeout: 90_000 }, async () => {
  const { page, complaints, close } = await open();

  await page.getByLabel('Id, acestream:// link or source name').focus();
  await page.keyboard.insertText('acestream://123');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('it holds 3 characters').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(`acestream://${weir.ids[1].toUpperCase()}`);
  await page.keyboard.press('Enter');

  await showsMotion(page);
  assert.deepEqual(complaints, []);
  await close();
});

test('a stream is stopped, and its story is told', { timeout: 90_000 }, async () => {
  const { page, close } = await open(`#/streams/${weir.ids[1]}?play=hls`);
  await showsMotion(page);
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await page.getByText('It is not running').waitFor();
  await page.getByRole('link', { name: 'Streams' }).first().click();
  const ended = page.getByRole('region', { name: 'Ended' });
  await ended.getByText('An operator stopped it').first().waitFor({ timeout: PICTURE_MILLISECONDS_MAX });
  await close();
});

test('an engine that dies is an alert, and heals', { timeout: 120_000 }, async () => {
  const { page, close } = await open();
  const needs = page.getByRole('list', { name: 'Needs a hand' });
  assert.equal(await needs.getByRole('listitem').count(), 0);
  await trouble(weir, 'death', 30);
  await needs.getByRole('listitem').first().waitFor({ timeout: 60_000 });
  await page.evaluate(() => (location.hash = '#/engines'));
  await page.getByRole('article').getByText('unhealthy', { exact: true }).waitFor();
  await page.getByRole('article').getByText('healthy', { exact: true }).waitFor({ timeout: 60_000 });
  await page.evaluate(() => (location.hash = '#/overview'));
  await needs.waitFor({ state: 'hidden', timeout: 60_000 });
  await close();
});

test('a setting changed in the panel changes the running channel, and survives a restart', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-panel-'));
  const variables = { WEIR_SOURCES: `news=${weir.manifests[0]}`, WEIR_DATA_DIR: folder };
  let server = await startServer(variables);
  const { page, close } = await openPanel(browser, server.root, '#/streams/news?play=hls');
  await showsMotion(page);
  const before = (await channelOf(server.root, 'news')).buffer.segments_max;

  const settings = await openPanel(browser, server.root, '#/settings');
  const card = settings.page.getByRole('region', { name: 'HLS Buffering Settings' });
  await settings.page.getByLabel('Stream mode', { exact: true }).waitFor();
  assert.equal(await card.count(), 0, 'the mode is TS at first');
  await settings.page.getByLabel('Stream mode', { exact: true }).selectOption('HLS');
  await card.waitFor();
  await card.getByLabel('Max segments', { exact: true }).fill('31');
  await card.getByText('Saved', { exact: true }).waitFor();
  assert.notEqual(before, 31);
  await until('the channel holds as many', SOON, async () => (await channelOf(server.root, 'news')).buffer.segments_max === 31);
  await settings.close();
  await close();

  await server.stop();
  server = await startServer(variables);
  const again = await openPanel(browser, server.root, '#/settings');
  assert.equal(await again.page.getByLabel('Max segments', { exact: true }).inputValue(), '31');
  await again.page.getByRole('region', { name: 'History' }).getByText('Max segments 20 → 31').waitFor();
  await again.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a browser is sent compressed files, and none that it has', { timeout: 30_000 }, async () => {
  const first = await fetch(`${weir.root}/panel/`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(first.headers.get('content-encoding'), 'gzip');
  assert.match(first.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  const again = await fetch(`${weir.root}/panel/`, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
});
