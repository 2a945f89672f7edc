// The picture of a channel's pool: where its segments, its live edge and its viewers stand, in parts of its width.
import type { ChannelDetail, Segment, Viewer } from '../api/types';

/** Markers that are told apart; viewers that are nearer to each other than this share one. */
const PLACES = 48;

/** A segment, as a part of the picture. */
export interface Tile {
  sequence: number;
  /** Where it begins and how wide it is, 0 to 1. */
  left: number;
  width: number;
  /** Its size next to that of the largest. */
  fill: number;
  kind: 'segment' | 'slate' | 'open';
  listed: boolean;
  /** What comes here does not go on from what was before. */
  discontinuity: boolean;
  duration: number;
  bytes: number;
}

export interface Marker {
  left: number;
  viewers: Viewer[];
  /** One of them waits for media. */
  waiting: boolean;
}

export interface Pool {
  tiles: Tile[];
  markers: Marker[];
  /** Where what is whole ends. */
  edge: number;
  seconds: number;
}

export function pool(detail: Pick<ChannelDetail, 'window' | 'open' | 'viewers_list'>): Pool {
  const segments = [...detail.window].sort((a, b) => a.sequence - b.sequence);
  const whole = sum(segments.map((it) => it.duration_seconds));
  const openSeconds = detail.open?.seconds ?? 0;
  const seconds = whole + openSeconds;
  if (seconds <= 0) return { tiles: [], markers: [], edge: 1, seconds: 0 };

  const bytesMax = Math.max(1, ...segments.map((it) => it.bytes), detail.open?.bytes ?? 0);
  let at = 0;
  const tiles = segments.map((segment): Tile => {
    const left = at / seconds;
    at += segment.duration_seconds;
    return tile(segment, left, segment.duration_seconds / seconds, segment.bytes / bytesMax);
  });
  const last = segments.at(-1);
  if (detail.open && 0 < openSeconds) tiles.push(openTile((last?.sequence ?? -1) + 1, detail.open, whole / seconds, seconds, bytesMax));
  return { tiles, markers: markers(detail.viewers_list, tiles), edge: whole / seconds, seconds };
}

function tile(segment: Segment, left: number, width: number, fill: number): Tile {
  return {
    sequence: segment.sequence,
    left,
    width,
    fill,
    kind: segment.slate ? 'slate' : 'segment',
    listed: segment.listed,
    discontinuity: segment.discontinuity,
    duration: segment.duration_seconds,
    bytes: segment.bytes,
  };
}

function openTile(sequence: number, open: { bytes: number; seconds: number }, left: number, seconds: number, bytesMax: number): Tile {
  return {
    sequence,
    left,
    width: open.seconds / seconds,
    fill: open.bytes / bytesMax,
    kind: 'open',
    listed: false,
    discontinuity: false,
    duration: open.seconds,
    bytes: open.bytes,
  };
}

/** Where a position within the numbers stands; what has left the window stands at its edge. */
export function placeOf(position: number, tiles: readonly Tile[]): number {
  const first = tiles[0];
  const last = tiles.at(-1);
  if (!first || !last || position <= first.sequence) return 0;
  if (last.sequence + 1 <= position) return 1;
  const within = tiles.find((it) => it.sequence === Math.floor(position));
  return within ? within.left + within.width * (position - within.sequence) : 0;
}

function markers(viewers: readonly Viewer[], tiles: readonly Tile[]): Marker[] {
  const places = new Map<number, Marker>();
  for (const viewer of viewers) {
    if (viewer.position == null) continue;
    const left = placeOf(viewer.position, tiles);
    const place = Math.round(left * PLACES);
    const there = places.get(place);
    if (there) {
      there.viewers.push(viewer);
      there.waiting ||= viewer.waiting;
    } else {
      places.set(place, { left, viewers: [viewer], waiting: viewer.waiting });
    }
  }
  return [...places.values()].sort((a, b) => a.left - b.left);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
