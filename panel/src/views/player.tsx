// The player of a channel: its place is there once it is opened, and it plays as other players do.
import { useEffect, useRef, useState } from 'react';
import { type Mode, playUrl } from '../api/links';
import { play, type Progress } from '../playback/play';

const TEXTS = {
  starting: 'Starting. The first picture may take some seconds.',
  playing: 'Playing.',
  waiting: 'Waiting for the stream.',
  ended: 'The stream has ended.',
} as const;

interface Props {
  channel: string;
  name: string;
  mode: Mode;
  onMode: (mode: Mode) => void;
  onClose: () => void;
}

export function Player({ channel, name, mode, onMode, onClose }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [progress, setProgress] = useState<Progress>({ state: 'starting' });
  const [attempt, setAttempt] = useState(0);
  const url = playUrl(channel, mode);

  useEffect(() => {
    if (!url || !video.current) return;
    return play(video.current, url, mode, setProgress);
  }, [url, mode, attempt]);

  return (
    <section class="stage card" aria-label="Player">
      <div class="screen">
        <video ref={video} controls muted playsInline aria-label={`${name}, live`} />
      </div>
      <div class="caption">
        <span role="status" class={progress.state === 'failed' ? 'problem' : 'quiet'}>
          {progress.state === 'failed' ? progress.message : TEXTS[progress.state]}
        </span>
        <div class="actions">
          <div class="choice" role="group" aria-label="How it is played">
            {(['hls', 'ts'] as const).map((it) => (
              <button key={it} type="button" aria-pressed={it === mode} onClick={() => onMode(it)}>{it.toUpperCase()}</button>
            ))}
          </div>
          <button type="button" onClick={() => setAttempt(attempt + 1)}>Start again</button>
          <button type="button" onClick={onClose}>Close</button>
        </div>
      </div>
    </section>
  );
}
