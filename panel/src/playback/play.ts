// Plays one live channel in a video element and tells how it goes. It decides nothing about the page.
import type { Mode } from '../api/links';

export type Progress =
  | { state: 'starting' }
  | { state: 'playing' }
  | { state: 'waiting' }
  | { state: 'ended' }
  | { state: 'failed'; message: string };

export type Report = (progress: Progress) => void;

/** What is being played; it leaves the element to others when it ends. */
export interface Playing {
  end: () => void;
}

/** Starts playing `url`; the answer ends it and leaves the element empty. */
export function play(video: HTMLVideoElement, url: string, mode: Mode, report: Report): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  let playing: Playing | undefined;

  report({ state: 'starting' });
  video.addEventListener('playing', () => report({ state: 'playing' }), { signal });
  video.addEventListener('waiting', () => report({ state: 'waiting' }), { signal });
  video.addEventListener('ended', () => report({ state: 'ended' }), { signal });

  load(mode).then(
    (start) => {
      if (!signal.aborted) playing = start(video, url, report, signal);
    },
    () => {
      if (!signal.aborted) report({ state: 'failed', message: 'The player could not be loaded. Is Weir still there?' });
    },
  );

  return () => {
    listening.abort();
    playing?.end();
    video.removeAttribute('src');
    video.load();
  };
}

/** Each player is loaded when it is needed first. */
async function load(mode: Mode) {
  return mode === 'hls' ? (await import('./hls')).start() : (await import('./ts')).start;
}

/** A browser that refuses to start by itself leaves its own play button to press. */
export function startMuted(video: HTMLVideoElement) {
  video.play().catch(() => undefined);
}
