// Plays one endless MPEG-TS, by mpegts.js: as a set-top box would get it.
import Mpegts from 'mpegts.js';
import { type Playing, type Report, startMuted } from './play';

/** Weir gives some seconds at once, so that players need not begin on the last one. */
const LATENCY_SECONDS_MAX = 20;

/** Media that was played is let go of, or a day of it would fill the browser's memory. */
const BEHIND_SECONDS = { max: 30, min: 10 };

export function start(video: HTMLVideoElement, url: string, report: Report): Playing {
  if (!Mpegts.isSupported()) {
    report({ state: 'failed', message: 'This browser cannot play MPEG-TS. HLS may do, or another player.' });
    return { end: () => undefined };
  }
  // What goes wrong is told on the page.
  Mpegts.LoggingControl.enableAll = false;
  const player = Mpegts.createPlayer(
    { type: 'mpegts', isLive: true, url },
    {
      enableStashBuffer: false,
      liveBufferLatencyMaxLatency: LATENCY_SECONDS_MAX,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: BEHIND_SECONDS.max,
      autoCleanupMinBackwardDuration: BEHIND_SECONDS.min,
    },
  );
  player.on(Mpegts.Events.ERROR, (kind: string, detail: string, info?: { code?: number; msg?: string }) => {
    const said = info?.code && 400 <= info.code ? `Weir answered ${info.code}.` : `Playback failed: ${info?.msg || detail || kind}.`;
    report({ state: 'failed', message: said });
  });
  player.on(Mpegts.Events.LOADING_COMPLETE, () => report({ state: 'ended' }));
  player.attachMediaElement(video);
  player.load();
  startMuted(video);
  return { end: () => player.destroy() };
}
