// The player of the panel. Its place is always there, so nothing moves when a channel opens.
import { useEffect, useRef, useState } from 'react';
import { manifestUrl } from '../api';
import type { Chosen } from '../app';
import { play, type Progress } from '../playback';
import { Link } from './link';

const TEXTS = {
  starting: 'Starting. The first picture may take some seconds.',
  playing: 'Playing.',
  waiting: 'Waiting for the stream.',
  ended: 'The stream has ended.',
} as const;

interface Props {
  root: URL;
  chosen: Chosen | undefined;
  onClose: () => void;
}

export function Player({ root, chosen, onClose }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [progress, setProgress] = useState<Progress>({ state: 'starting' });
  const [attempt, setAttempt] = useState(0);
  const url = chosen && manifestUrl(root, chosen.id);
  const opening = chosen?.opening;

  useEffect(() => {
    if (!url || !video.current) return;
    return play(video.current, url, setProgress);
  }, [url, opening, attempt]);

  return (
    <>
      <div class="screen">
        {chosen ? (
          <video ref={video} controls muted playsInline aria-label={`${chosen.name}, live`} />
        ) : (
          <p class="hint">Choose a channel, or paste an id.</p>
        )}
      </div>
      <div class="caption">
        <p class="now">
          <strong>{chosen?.name ?? 'Nothing is open here'}</strong>
          <span role="status" class={progress.state === 'failed' ? 'problem' : 'quiet'}>
            {chosen && (progress.state === 'failed' ? progress.message : TEXTS[progress.state])}
          </span>
        </p>
        <button type="button" disabled={!chosen} onClick={() => setAttempt(attempt + 1)}>Start again</button>
        <button type="button" disabled={!chosen} onClick={onClose}>Close</button>
      </div>
      <Link url={url} />
    </>
  );
}
