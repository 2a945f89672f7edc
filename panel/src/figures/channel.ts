// What a channel is called, and how well it is off.
import type { Channel, EndedStream, Source } from '../api/types';
import { kindInWords } from './event';
import type { Tone } from '../parts/small';

/** What its engine calls it, or what the operator does, or its key. */
export function titleOf(channel: Pick<Channel, 'key' | 'name' | 'title'>): string {
  if (channel.name && channel.name !== channel.key) return channel.name;
  return channel.title?.trim() || channel.key;
}

/** The channel that a name means: its key or its stream's id, or the infohash that one of another key turned out to have. */
export function found<Row extends Pick<Channel, 'key' | 'stream_id' | 'infohash'>>(channels: readonly Row[], key: string): Row | undefined {
  const [, hash] = /^(?:infohash|magnet)-([0-9a-f]{40})$/.exec(key) ?? [];
  return channels.find((it) => it.key === key || it.stream_id === key) ?? channels.find((it) => hash !== undefined && it.infohash === hash);
}

/** Names by keys: who gave a thing a name is believed before who only says what it carries. */
export function namesOf(
  channels: readonly Pick<Channel, 'key' | 'name' | 'title'>[],
  sources: readonly Source[],
  ended: readonly Pick<EndedStream, 'key' | 'channel' | 'title'>[],
): Map<string, string> {
  const names = new Map<string, string>();
  for (const it of ended) if (it.title?.trim()) names.set(it.channel ?? it.key, it.title.trim());
  for (const it of channels) if (titleOf(it) !== it.key) names.set(it.key, titleOf(it));
  for (const it of sources) names.set(it.id, it.name);
  return names;
}

/** A long key, as far as one needs it to tell it from others. */
export function shortKey(key: string): string {
  return key.replace(/[0-9a-f]{40}/, (hash) => `${hash.slice(0, 8)}…${hash.slice(-4)}`);
}

export function toneOfBuffer({ health, on_slate }: Pick<Channel, 'health' | 'on_slate'>): Tone {
  if (health === 'stalled' || health === 'failed') return 'bad';
  return health === 'strained' || on_slate ? 'warning' : 'good';
}

/** How near a viewer is to standing still: within a segment's length, the next one has to come in time. */
export function toneOfPlayable(seconds: number | null | undefined, target: number | null | undefined): Tone {
  if (seconds == null) return 'quiet';
  if (seconds <= 0) return 'bad';
  return seconds < (target ?? 4) ? 'warning' : 'good';
}

const REASONS: Record<string, string> = {
  last_viewer_left: 'Its last viewer had left',
  stopped: 'An operator stopped it',
  shutdown: 'Weir was stopped',
  crash: 'Weir was killed',
  source_ended: 'Its source said that it was over',
  source_lost: 'Its source was lost, and no other gave it',
  start_failed: 'It never began: no source gave it',
  looping: 'It repeated itself',
};

/** Why a stream ended, in words; a reason that is new here is told as it is. */
export function whyEnded({ end_reason }: Pick<EndedStream, 'end_reason'>): string {
  if (!end_reason) return 'No reason is known';
  return REASONS[end_reason] ?? kindInWords(end_reason);
}
