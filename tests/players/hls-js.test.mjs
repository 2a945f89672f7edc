// hls.js, as on a web site that has nothing to do with Weir: it needs the CORS headers.
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

test("a web page with hls.js, on another site, plays every frame in time", { timeout: 90_000 }, async () => {
  await playsInTime(browser, site.page('hls.js', weir.manifests[0]));
});
