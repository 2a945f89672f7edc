// Plays one live channel in a video element and tells how it goes. It decides nothing about the page.
import type Hls from 'hls.js/light';
import { detailOf } from './api';

export type Progress =
  | { state: 'starting' }
  | { state: 'playing' }
  | { state: 'waiting' }
  | { state: 'ended' }
  | { state: 'failed'; message: string };

type Report = (progress: Progress) => void;

/** Weir may hold the first request while it fills its buffer, at most for two minutes. */
const FIRST_ANSWER_MILLISECONDS_MAX = 130_000;

/** A decoder that fails again right after its second new start does so for ever. */
const MEDIA_RECOVERIES_MAX = 2;

/** Starts playing `url`; the answer ends it and leaves the element empty. */
export function play(video: HTMLVideoElement, url: string, report: Report): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  let hls: Hls | undefined;

  report({ state: 'starting' });
  video.addEventListener('playing', () => report({ state: 'playing' }), { signal });
  video.addEventListener('waiting', () => report({ state: 'waiting' }), { signal });
  video.addEventListener('ended', () => report({ state: 'ended' }), { signal });

  loadHls().then(
    (parts) => {
      if (signal.aborted) return;
      if (parts.Hls.isSupported()) hls = playWithHls(parts, video, url, report);
      else playNatively(video, url, report, signal);
    },
    () => {
      if (!signal.aborted) report({ state: 'failed', message: 'The player could not be loaded. Is Weir still there?' });
    },
  );

  return () => {
    listening.abort();
    hls?.destroy();
    video.removeAttribute('src');
    video.load();
  };
}

interface Parts {
  Hls: typeof Hls;
  workerPath: string;
}

async function loadHls(): Promise<Parts> {
  const [library, worker] = await Promise.all([import('hls.js/light'), import('hls.js/dist/hls.worker.js?url')]);
  return { Hls: library.default, workerPath: worker.default };
}

function playWithHls({ Hls, workerPath }: Parts, video: HTMLVideoElement, url: string, report: Report): Hls {
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
  return hls;
}

function playNatively(video: HTMLVideoElement, url: string, report: Report, signal: AbortSignal) {
  if (video.canPlayType('application/vnd.apple.mpegurl') === '') {
    report({ state: 'failed', message: 'This browser cannot play live HLS. Open the link below in another player.' });
    return;
  }
  const failed = () => report({ state: 'failed', message: video.error?.message || 'Playback failed.' });
  video.addEventListener('error', failed, { signal });
  video.src = url;
  startMuted(video);
}

function startMuted(video: HTMLVideoElement) {
  // A browser that refuses to start by itself leaves its own play button to press.
  video.play().catch(() => undefined);
}

/** What Weir answered instead of a playlist or a segment. */
function reason(request: unknown, status: number | undefined): string | undefined {
  const body = request instanceof XMLHttpRequest && request.responseType !== 'arraybuffer' ? request.responseText : '';
  const detail = detailOf(body);
  if (detail) return detail;
  if (status === 0) return 'Weir does not answer.';
  return status !== undefined && 400 <= status ? `Weir answered ${status}.` : undefined;
}
