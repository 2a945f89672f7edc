// The panel against a made-up Weir: every page in every size, what is odd, and what goes wrong.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { differences } from './described.mjs';
import { artifacts, getJson, startChromium, until } from './lib.mjs';
import { assertAccessible, openPanel, outOfTheWindow, screenshot, SOON } from './panel-lib.mjs';
import { channel, news, startMock, viewer, world } from './panel-mock.mjs';

let browser;
const mocks = [];
before(async () => {
  browser = await startChromium();
  await mkdir(artifacts, { recursive: true });
});
after(async () => {
  await browser?.close();
  await Promise.all(mocks.map((mock) => mock.stop()));
});

async function mockOf(more, prefix) {
  const mock = await startMock(world(more), prefix);
  mocks.push(mock);
  return mock;
}

const KEY = '2'.padStart(40, '0');
const PAGES = {
  overview: ['#/overview', 'Playing now'],
  streams: ['#/streams', 'Channel 1'],
  stream: [`#/streams/${KEY}`, 'Since it began'],
  engines: ['#/engines', '127.0.0.1:6879'],
  engine: ['#/engines/127.0.0.1%3A6880', 'History'],
  events: ['#/events', 'Engine unhealthy'],
  metrics: ['#/metrics', 'For monitoring'],
  settings: ['#/settings', 'Window size'],
  playlists: ['#/settings/playlists', 'A playlist of your own'],
  loops: ['#/settings/loops', 'Allow again'],
  webhooks: ['#/settings/webhooks', 'Home Assistant'],
  backup: ['#/settings/backup', 'Export'],
  key: ['#/settings/key', 'Use this key'],
};

const go = async (page, [hash, text]) => {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.getByText(text, { exact: true }).first().waitFor();
};

for (const [colorScheme, width, height] of [['light', 1280, 800], ['dark', 1280, 800], ['light', 360, 740], ['dark', 360, 740], ['light', 768, 1024], ['dark', 768, 1024], ['light', 3840, 2160], ['dark', 3840, 2160]]) {
  test(`each page is whole on a ${colorScheme} screen of ${width} px, and complains of nothing`, { timeout: 120_000 }, async () => {
    const mock = await mockOf();
    const { page, complaints, close } = await openPanel(browser, mock.root, '', { colorScheme, viewport: { width, height } });
    for (const [name, place] of Object.entries(PAGES)) {
      await go(page, place);
      if (name === 'stream' || name === 'metrics') await page.locator('.plot canvas').nth(3).waitFor();
      assert.deepEqual(await outOfTheWindow(page), [], name);
      await screenshot(page, `${name}-${colorScheme}-${width}`);
      await assertAccessible(page);
    }
    assert.deepEqual(complaints, []);
    await close();
  });
}

test('forty channels fill a wall screen, and those that are sought are found', { timeout: 60_000 }, async () => {
  const mock = await mockOf({ channels: Array.from({ length: 40 }, (_, index) => channel(index + 1)) });
  const { page, close } = await openPanel(browser, mock.root, '#/streams', { viewport: { width: 3840, height: 2160 } });
  const rows = page.locator('table.streams tbody tr');
  await until('forty rows are there', SOON, async () => (await rows.count()) === 40);
  assert.deepEqual(await outOfTheWindow(page), []);
  await screenshot(page, 'forty-3840');

  await page.getByLabel('Filter').fill('channel 33');
  await until('one is left', SOON, async () => (await rows.count()) === 1);
  await page.getByLabel('Filter').fill('');
  await page.getByRole('columnheader', { name: 'Viewers' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Viewers' }).getByRole('button').click();
  await page.mouse.move(0, 0);
  await until('the most viewers come first', SOON, async () => (await rows.first().getByRole('cell').nth(4).textContent()) === '7');
  await close();
});

test('what streams, players and engines call themselves is shown as text', { timeout: 60_000 }, async () => {
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const mock = await mockOf({
    channels: [channel(2, { title: evil, name: evil, engine: evil, failure: evil, viewers_list: [viewer(1, { user_agent: evil, ip_address: evil })] })],
    events: [news(3, { message: evil, event_type: evil, container_id: evil, channel: evil })],
    problems: [{ severity: 'error', what: evil, how: evil, channel: evil }],
  });
  mock.state.engines[0].container_name = evil;
  mock.state.engines[0].not_chosen = evil;
  const { page, complaints, close } = await openPanel(browser, mock.root);
  for (const hash of ['#/overview', '#/streams', `#/streams/${KEY}`, '#/engines', '#/events']) {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.locator('main').getByText(evil).first().waitFor();
    assert.equal(await page.locator('img[src=x], main script').count(), 0, hash);
  }
  assert.match(await page.title(), /Weir$/);
  assert.deepEqual(complaints, []);
  await close();
});

test('no row moves under the pointer, and rows find their places when it has left', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/streams');
  const names = () => page.locator('table.streams tbody th a').allTextContents();
  await page.getByRole('columnheader', { name: 'Viewers' }).getByRole('button').click();
  await page.mouse.move(0, 0);
  await until('few viewers come first', SOON, async () => (await names()).join() === 'Channel 3,Channel 1,Channel 2');

  await page.locator('table.streams tbody tr').first().hover();
  mock.state.channels = [channel(2, { viewers: 0 }), channel(1, { viewers: 9 }), channel(4, { viewers: 1 })];
  await page.locator('main').getByText('Channel 4').waitFor();
  assert.deepEqual(await names(), ['Channel 3', 'Channel 1', 'Channel 2', 'Channel 4']);
  await page.locator('tr.gone').getByText('ended').waitFor();

  await page.mouse.move(0, 0);
  await until('the order is that of now', SOON, async () => (await names()).join() === 'Channel 2,Channel 4,Channel 1');
  await close();
});

for (const [width, height] of [[1280, 800], [360, 740]]) {
  test(`what needs a hand comes and goes on ${width} px, and nothing moves`, { timeout: 60_000 }, async () => {
    const mock = await mockOf({ problems: [] });
    const { page, close } = await openPanel(browser, mock.root, '', { viewport: { width, height } });
    const problem = (number) => ({ severity: 'error', what: `Channel ${number} has nothing new for 3 viewers: its source gives nothing.`, how: 'Weir goes on looking for another one.', channel: KEY });
    for (const [hash, below] of [['#/overview', '.tiles'], ['#/events', '.filters']]) {
      await page.evaluate((to) => (location.hash = to), hash);
      await page.getByText('All is well').waitFor();
      const place = () => page.locator(below).boundingBox();
      const before = await place();
      for (const count of [1, 5]) {
        mock.state.problems = Array.from({ length: count }, (_, index) => problem(index));
        await until(`${count} are told`, SOON, async () => (await page.getByRole('list', { name: 'Needs a hand' }).getByRole('listitem').count()) === count);
        assert.deepEqual(await place(), before);
      }
      await assertAccessible(page);
      await screenshot(page, `${hash.slice(2)}-problems-${width}`);
      mock.state.problems = [];
    }
    await close();
  });
}

test('several streams are stopped, after a question', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/streams');
  await page.getByLabel('Choose Channel 1').check();
  await page.getByLabel('Choose Channel 3').check();
  await page.getByRole('button', { name: 'Stop 2 streams' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop 2 streams?' });
  await assertAccessible(page);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(mock.state.requests, []);

  await page.getByRole('button', { name: 'Stop 2 streams' }).click();
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await until('both are asked to stop', SOON, () => mock.state.requests.length === 2);
  assert.deepEqual(mock.state.requests.map((it) => `${it.method} ${it.path}`), [`DELETE streams/${'1'.padStart(40, '0')}`, `DELETE streams/${'3'.padStart(40, '0')}`]);
  await close();
});

test('a key is asked for when Weir wants one, kept in this browser, and sent as a header alone', { timeout: 60_000 }, async () => {
  const mock = await mockOf({ key: 'open sesame' });
  const { page, close } = await openPanel(browser, mock.root, '#/engines');
  const drain = page.getByRole('article', { name: '127.0.0.1:6878' }).getByRole('button', { name: 'Drain' });
  await drain.click();
  const dialog = page.getByRole('dialog', { name: 'API key' });
  await dialog.getByLabel('API key', { exact: true }).fill('wrong');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await dialog.getByText('does not take the key').waitFor();
  await dialog.getByLabel('API key', { exact: true }).fill('open sesame');
  await dialog.getByRole('button', { name: 'Use this key' }).click();

  await until('the call is made with the key', SOON, () => mock.state.requests.at(-1)?.token === 'Bearer open sesame');
  assert.deepEqual(mock.state.requests.map((it) => it.token), [undefined, 'Bearer wrong', 'Bearer open sesame']);
  assert.equal(mock.state.requests.at(-1).path, 'api/v1/engines/127.0.0.1%3A6878/drain');
  assert.ok(!page.url().includes('sesame'));
  assert.deepEqual(await page.context().cookies(), []);
  await close();
});

test('what is only shown to those with the key says so, and is shown with it', { timeout: 60_000 }, async () => {
  const mock = await mockOf({ key: 'open sesame' });
  const { page, close } = await openPanel(browser, mock.root, '#/settings/webhooks');
  await page.getByRole('button', { name: 'Give the key' }).click();
  const dialog = page.getByRole('dialog', { name: 'API key' });
  await dialog.getByLabel('API key', { exact: true }).fill('open sesame');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await page.getByText('Home Assistant').waitFor();
  await close();
});

test('a setting is checked while it is typed, saved after a pause, and says what became of it', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/settings');
  const field = page.getByLabel('Window size', { exact: true });
  const state = page.locator('.field', { has: field }).getByRole('status');

  await field.fill('99');
  await state.getByText('Give a number 3 to 20.').waitFor();
  assert.deepEqual(mock.state.requests, []);
  await field.fill('13');
  await state.getByText('hls_window_size must not be 13').waitFor();
  await field.fill('8');
  await state.getByText('Saved', { exact: true }).waitFor();
  assert.deepEqual(JSON.parse(mock.state.requests.at(-1).body), { hls_window_size: 8 });
  await page.getByText('Window size acts while a channel is live, trouble.').waitFor();
  await page.getByRole('button', { name: 'Reset Window size to 6' }).click();
  await until('the default is saved', SOON, () => mock.state.requests.at(-1).body === '{"hls_window_size":6}');
  await close();
});

test('the card of HLS comes and goes with the mode', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/settings');
  const card = page.getByRole('region', { name: 'HLS Buffering Settings' });
  await card.waitFor();
  assert.equal(await card.getByRole('textbox').count(), 8);
  await page.getByLabel('Stream mode', { exact: true }).selectOption('TS');
  await card.waitFor({ state: 'detached' });
  await page.getByLabel('Stream mode', { exact: true }).selectOption('HLS');
  await card.waitFor();
  await close();
});

test('events come by themselves, and wait while one reads', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/events');
  await page.getByText('Live', { exact: true }).waitFor();
  const log = page.locator('.log');
  await log.waitFor();
  mock.tell(news(20, { message: 'twenty happened' }));
  await log.getByText('twenty happened').waitFor();

  await log.hover();
  mock.tell(news(21, { message: 'twenty-one happened' }));
  await page.getByRole('button', { name: '1 new event: show' }).waitFor();
  assert.equal(await log.getByText('twenty-one happened').count(), 0);
  await page.getByRole('button', { name: '1 new event: show' }).click();
  await log.getByText('twenty-one happened').waitFor();

  await page.getByLabel('At least').selectOption('error');
  await log.getByText('does not answer').waitFor();
  await until('only errors are shown', SOON, async () => (await log.getByRole('listitem').count()) === 1);
  await close();
});

test('without live news it says so, asks instead, and comes back by itself', { timeout: 60_000 }, async () => {
  const mock = await mockOf({ sse: false });
  const { page, close } = await openPanel(browser, mock.root);
  await page.getByText('Reconnecting…').waitFor();
  mock.state.channels = [channel(7)];
  await page.locator('.playing').getByText('Channel 7').waitFor();
  mock.state.sse = true;
  await page.getByText('Live', { exact: true }).waitFor();
  await close();
});

test('when Weir is gone the panel says so, and keeps what it knew', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root);
  await page.locator('.playing').getByText('Channel 1').waitFor();
  await mock.stop();
  await page.locator('.heard').getByText('Weir does not answer').waitFor();
  await page.locator('.playing').getByText('Channel 1').waitFor();
  for (const [place, words] of Object.entries({ engines: 'The engines', settings: 'The settings', 'settings/loops': 'The detection of loops', 'settings/webhooks': 'The webhooks' })) {
    await page.evaluate((to) => (location.hash = to), `#/${place}`);
    await page.getByText(`${words} could not be loaded: Weir does not answer`).waitFor();
  }
  await assertAccessible(page);
  await close();
});

test('what could not be had while Weir was away comes as soon as it is back', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root);
  await page.getByText('Live', { exact: true }).waitFor();
  mock.state.isAway = true;
  mock.drop();
  await page.getByText('Reconnecting…').waitFor();
  await page.evaluate(() => (location.hash = '#/settings'));
  await page.getByText('The settings could not be loaded: it is away').waitFor();
  mock.state.isAway = false;
  await page.getByLabel('Window size', { exact: true }).waitFor();
  await close();
});

test('the keyboard alone goes through the pages, into a question and back from it', { timeout: 60_000 }, async () => {
  const mock = await mockOf();
  const { page, close } = await openPanel(browser, mock.root, '#/streams');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent?.trim());
  const press = async (key) => {
    await page.keyboard.press(key);
    return focused();
  };
  await page.getByText('Channel 1').first().waitFor();
  assert.equal(await press('Tab'), 'To the content');
  const names = [];
  for (let count = 0; count < 6; count += 1) names.push((await press('Tab')).replace(/\d$/, ''));
  assert.deepEqual(names, ['Overview', 'Streams', 'Engines', 'Events', 'Metrics', 'Settings']);
  assert.match(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), /solid/);

  await page.getByLabel('Choose Channel 1').focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Stop 1 stream' }).focus();
  for (const leave of ['Escape', 'Enter']) {
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Stop 1 stream?' }).waitFor();
    for (let count = 0; count < 4; count += 1) {
      const place = await page.evaluate(() => document.activeElement.closest('dialog')?.ariaLabel ?? document.activeElement.tagName);
      assert.match(place, /^(Stop 1 stream\?|BODY)$/);
      await page.keyboard.press('Tab');
    }
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press(leave);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'Stop 1 stream', `after ${leave}`);
  }
  assert.deepEqual(mock.state.requests, []);
  await close();
});

test('a newcomer with nothing playing is told what to do', { timeout: 60_000 }, async () => {
  const mock = await mockOf({ channels: [], problems: [], events: [], ended: [] });
  const { page, complaints, close } = await openPanel(browser, mock.root);
  await page.getByRole('heading', { name: 'Nothing is playing' }).waitFor();
  assert.equal(await page.getByLabel('Address for players (put an id behind it)', { exact: true }).inputValue(), `${mock.root}/ace/manifest.m3u8?id=`);
  await page.getByLabel('Id, acestream:// link or source name').fill('acestream://123');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('it holds 3 characters').waitFor();
  await page.getByRole('link', { name: 'Evening News' }).waitFor();
  await assertAccessible(page);
  await screenshot(page, 'newcomer');
  for (const place of ['#/streams', '#/events']) {
    await page.evaluate((to) => (location.hash = to), place);
    await page.locator('.empty').first().waitFor();
  }
  assert.deepEqual(complaints, []);
  await close();
});

test('behind a reverse proxy everything stays below its path', { timeout: 60_000 }, async () => {
  const mock = await mockOf({}, '/tv/weir/');
  const { page, complaints, close } = await openPanel(browser, mock.root, `#/streams/${KEY}`);
  await page.getByText('Since it began').waitFor();
  await page.locator('.plot canvas').first().waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('HLS link', { exact: true }).inputValue(), `${mock.root}/ace/manifest.m3u8?id=${KEY}`);
  assert.deepEqual(complaints, []);
  await close();
});

/** What a page may ask, and where the description has it under another name. */
const ANSWERS = {
  '/api/v1/overview': 'api/v1/overview', '/api/v1/overview/series': 'api/v1/overview/series', '/api/v1/channels': 'api/v1/channels', '/api/v1/channels/{key}': `api/v1/channels/${KEY}`,
  '/api/v1/channels/{key}/buffer': `api/v1/channels/${KEY}/buffer`, '/api/v1/engines': 'api/v1/engines', '/api/v1/sources': 'api/v1/sources', '/api/v1/settings': 'api/v1/settings',
  '/api/v1/settings/history': 'api/v1/settings/history', '/api/v1/webhooks': 'api/v1/webhooks', '/api/v1/webhooks/{id}/deliveries': 'api/v1/webhooks/1/deliveries',
  '/stream-loop-detection/config': 'stream-loop-detection/config', '/looping-streams': 'looping-streams', '/api/v1/streams/ended': 'api/v1/streams/ended', '/events': 'events',
};

test('the made-up Weir answers as the API is described', { timeout: 30_000 }, async () => {
  const mock = await mockOf();
  for (const [path, asked] of Object.entries(ANSWERS)) {
    assert.deepEqual(differences(path, await getJson(`${mock.root}/${asked}`)), []);
  }
});
