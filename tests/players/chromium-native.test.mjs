// The HLS player inside Chromium, behind a plain <video src>: what phones and television boxes use.
import { after, before, test } from 'node:test';
import { playsInTime, startChromium, startSite, startWeir } from './lib.mjs';

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

test("Chromium's own HLS player plays every frame in time", { timeout: 90_000 }, async () => {
  await playsInTime(browser, site.page('native', weir.manifests[0]));
});
