// The links that play a channel, in the panel and in any other player.
import { address } from './client';

export type Mode = 'hls' | 'ts';

/** A channel's key says how it is asked for; one that was opened by an address cannot be asked for by its key. */
export function playUrl(key: string, mode: Mode): string | undefined {
  if (key.startsWith('url-')) return undefined;
  if (mode === 'hls') return address('/ace/manifest.m3u8', { query: selectorOf(key) }).href;
  return address('/ace/getstream', { query: { ...selectorOf(key), mode } }).href;
}

function selectorOf(key: string): Record<string, string> {
  const [, kind, hash] = /^(infohash|magnet)-([0-9a-f]{40})$/.exec(key) ?? [];
  if (kind === 'infohash' && hash) return { infohash: hash };
  if (kind === 'magnet' && hash) return { magnet: `magnet:?xt=urn:btih:${hash}` };
  return { id: key };
}
