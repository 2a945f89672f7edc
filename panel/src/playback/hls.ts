// Plays HLS: by hls.js, or by the browser itself where that cannot be.
import Hls from 'hls.js/light';
import workerPath from 'hls.js/dist/hls.worker.js?url';
import { detailOf } from '../api/client';
import { type Playing, type Report, startMuted } from './play';

/** Weir may hold the first request while it fills its buffer, at most for two minutes. */
const FIRST_ANSWER_MILLISECONDS_MAX = 130_000;

/** A decoder that fails again right after its second new start does so for ever. */
const MEDIA_RECOVERIES_MAX = 2;

type Start = (video: HTMLVideoElement, url: string, report: Report, signal: AbortSignal) => Playing;

export function start(): Start {
  return Hls.isSupported() ? playWithHls : playNatively;
}

function playWithHls(video: HTMLVideoElement, url: string, report: Report): Playing {
  const patient = {
    maxTimeToFirstByteMs: FIRST_ANSWER_MILLISECONDS_MAX,
    maxLoadTimeMs: FIRST_ANSWER_MILLISECONDS_MAX,
    timeoutRetry: null,
    errorRetry: null,
  };
  const hls = new Hls({ workerPath, manifestLoadPolicy: { default: patient } });
  let recoveries = 0;

  hls.on(Hls.Events.MANIFEST_PARSED, () => startMuted(video));
  hls.on(Hls.Events.ERROR, (_event, error) => {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries < MEDIA_RECOVERIES_MAX) {
      recoveries += 1;
      hls.recoverMediaError();
      return;
    }
    hls.destroy();
    report({ state: 'failed', message: reason(error.networkDetails, error.response?.code) ?? `Playback failed: ${error.details}.` });
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return { end: () => hls.destroy() };
}

function playNatively(video: HTMLVideoElement, url: string, report: Report, signal: AbortSignal): Playing {
  const playing = { end: () => undefined };
  if (video.canPlayType('application/vnd.apple.mpegurl') === '') {
    report({ state: 'failed', message: 'This browser cannot play live HLS. Open the link below in another player.' });
    return playing;
  }
  const failed = () => report({ state: 'failed', message: video.error?.message || 'Playback failed.' });
  video.addEventListener('error', failed, { signal });
  video.src = url;
  startMuted(video);
  return playing;
}

/** What Weir answered instead of a playlist or a segment. */
function reason(request: unknown, status: number | undefined): string | undefined {
  const body = request instanceof XMLHttpRequest && request.responseType !== 'arraybuffer' ? request.responseText : '';
  const detail = detailOf(body);
  if (detail) return detail;
  if (status === 0) return 'Weir does not answer.';
  return status !== undefined && 400 <= status ? `Weir answered ${status}.` : undefined;
}
