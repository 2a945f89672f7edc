// The panel of a real Weir that wants its key: what operators set beside the settings is told, carried elsewhere and taken in.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { getJson, startChromium, startServer } from './lib.mjs';
import { openPanel, SOON } from './panel-lib.mjs';

const KEY = 'open sesame';
const SECRET = 'between us';

let weir, browser, receiver;
before(async () => {
  weir = await startServer({ API_KEY: KEY });
  browser = await startChromium();
  receiver = await startReceiver();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
  await receiver?.stop();
});

/** Takes what a webhook sends, and answers with `status`. */
async function startReceiver() {
  const got = [];
  const taken = { status: 200, got };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    got.push({ kind: request.headers['weir-event-type'], signature: request.headers['weir-signature'], body: JSON.parse(body) });
    response.writeHead(taken.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  taken.url = `http://127.0.0.1:${server.address().port}/hook`;
  taken.stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return taken;
}

/** As a program would, with the key. */
async function post(root, path, json) {
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${root}/${path}`, { method: 'POST', headers, body: JSON.stringify(json) });
  assert.ok(answer.ok, `${path}: ${await answer.text()}`);
}

async function giveKey(page, key = KEY) {
  const dialog = page.getByRole('dialog', { name: 'API key' });
  await dialog.getByLabel('API key', { exact: true }).fill(key);
  await dialog.getByRole('button', { name: 'Use this key' }).click();
}

/** What the browser was given to save, with its name. */
async function saved(page, press) {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

test('a webhook is added with the key, tried, told what happens, turned off and removed', { timeout: 90_000 }, async () => {
  const { page, close } = await openPanel(browser, weir.root, '#/settings/webhooks');
  await page.getByRole('button', { name: 'Give the key' }).click();
  await giveKey(page, 'wrong');
  await page.getByText('those who have the API key').waitFor();
  await page.getByLabel('Address', { exact: true }).fill(receiver.url);
  await page.getByLabel('Only these kinds').fill('settings_changed');
  await page.getByLabel('Secret to sign with').fill(SECRET);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('dialog').getByText('does not take the key').waitFor();
  await giveKey(page);

  const card = page.getByRole('region', { name: receiver.url });
  await card.getByText('settings_changed. 0 events told').waitFor();
  await card.getByRole('button', { name: 'Send a test' }).click();
  await card.getByText('The test: answered 200').waitFor();
  assert.equal(receiver.got[0].kind, 'webhook_test');
  assert.match(receiver.got[0].signature, /^t=\d+,v1=[0-9a-f]{64}$/);

  receiver.status = 503;
  await post(weir.root, 'proxy/config', { hls_window_size: 9 });
  await card.locator('.problem').getByText('503').waitFor();
  receiver.status = 200;
  await card.getByText('1 event told, 0 waiting, signed').waitFor({ timeout: 2 * SOON });
  assert.equal(receiver.got.at(-1).body.event_type, 'settings_changed');
  await card.getByText('Last deliveries').click();
  await card.getByText('settings_changed: answered 200').waitFor();
  await card.getByText('webhook_test: answered 200').waitFor();

  await card.getByRole('button', { name: 'Turn off' }).click();
  await card.getByText('off', { exact: true }).waitFor();
  await card.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Nobody is told').waitFor();
  await close();
});

test('what is set is exported, and imported into another Weir as a whole or not at all', { timeout: 90_000 }, async () => {
  await post(weir.root, 'proxy/config', { hls_max_segments: 31 });
  await post(weir.root, 'api/v1/engines', { host: '127.0.0.1', port: 9, name: 'in the cellar' });
  await post(weir.root, 'api/v1/webhooks', { url: receiver.url, kinds: ['stream_live'], secret: SECRET });
  const from = await openPanel(browser, weir.root, '#/settings/backup');
  const press = () => from.page.getByRole('button', { name: 'Export', exact: true }).click();
  const plain = await saved(from.page, async () => {
    await press();
    await giveKey(from.page);
  });
  assert.equal(plain.name, 'weir-settings.json');
  assert.ok(!plain.text.includes(SECRET));
  await from.page.getByLabel('With the secrets of webhooks').check();
  const whole = await saved(from.page, press);
  assert.ok(whole.text.includes(SECRET));
  await from.close();

  const other = await startServer({});
  const to = await openPanel(browser, other.root, '#/settings/backup');
  const take = async (text) => {
    await to.page.getByLabel('A file that was exported').setInputFiles({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await to.page.getByRole('button', { name: 'Import', exact: true }).click();
    await to.page.getByRole('dialog', { name: 'Import mine.json?' }).getByRole('button', { name: 'Import' }).click();
  };
  await take(whole.text.replace('31', '3100'));
  await to.page.getByRole('alert').getByText('hls_max_segments').waitFor();
  assert.deepEqual((await getJson(`${other.root}/api/v1/engines`)).engines, []);
  await take(whole.text);
  await to.page.getByText('It was taken in.').waitFor();

  await to.page.evaluate(() => (location.hash = '#/settings/webhooks'));
  await to.page.getByRole('region', { name: receiver.url }).getByText('signed').waitFor();
  await to.page.evaluate(() => (location.hash = '#/engines'));
  await to.page.getByRole('article', { name: 'in the cellar' }).waitFor();
  const setting = (await getJson(`${other.root}/api/v1/settings`)).settings.find((it) => it.key === 'hls_max_segments');
  assert.deepEqual([setting.value, setting.origin], [31, 'saved']);
  await to.close();
  await other.stop();
});

test('a playlist of one’s own is turned into one that leads here', { timeout: 60_000 }, async () => {
  const id = 'ab'.repeat(20);
  const list = ['#EXTM3U', '#EXTINF:-1,Sport', `acestream://${id}`, '#EXTINF:-1,Radio', 'http://radio.example/live.mp3', ''].join('\n');
  const { page, complaints, close } = await openPanel(browser, weir.root, '#/settings/playlists');
  await page.getByLabel('Playlist (M3U)').setInputFiles({ name: 'mine.m3u8', mimeType: 'audio/x-mpegurl', buffer: Buffer.from(list) });
  await page.getByLabel('Played').selectOption('HLS');
  const turned = await saved(page, () => page.getByRole('button', { name: 'Turn and save' }).click());

  assert.equal(turned.name, 'mine-weir.m3u');
  assert.equal(turned.text, list.replace(`acestream://${id}`, `${weir.root}/ace/manifest.m3u8?id=${id}`));
  await page.getByText('Lead here now: 1. As they were: 1.').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});
