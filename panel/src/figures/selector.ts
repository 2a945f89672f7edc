// Reads what a person pastes to say which channel they mean; it asks nobody.
import type { Source } from '../api/types';

export type Selected = { id: string } | { problem: string };

const CONTENT_ID = /^[0-9a-f]{40}$/;

/**
 * The key of the channel that is meant. A configured name wins over an id, as in Weir itself.
 * `sources` is undefined while the list is not known; then Weir is left to judge a name.
 */
export function select(text: string, sources: Source[] | undefined): Selected {
  const given = text.trim();
  if (given === '') return { problem: 'Paste an id, an acestream:// link or the name of a source.' };

  const named = sources?.find((source) => sameName(source.id, given) || sameName(source.name, given));
  if (named) return { id: named.id };

  const linked = fromLink(given);
  if (linked) return { id: linked };

  const isLink = /^acestream:/i.test(given);
  const bare = isLink ? given.replace(/^acestream:(\/\/)?/i, '').replace(/[/?#].*$/, '') : given;
  const id = bare.toLowerCase();
  if (CONTENT_ID.test(id)) return { id };

  if (isLink) return { problem: `The link must hold an id of 40 characters, 0-9 and a-f; it holds ${lengthOf(bare)}.` };
  if (/^[0-9a-f]{20,}$/.test(id)) return { problem: `An id has 40 characters; this one has ${bare.length}.` };
  if (/^[a-z]+:/i.test(given)) return { problem: 'No id is in this link. Links of AceStream, of its engines, and magnets are understood.' };
  if (sources === undefined) return { id: given };
  return { problem: `No source is named “${given}”, and it is not an id of 40 characters, 0-9 and a-f.` };
}

/** Links that name what they mean by a parameter: of engines, of other proxies, magnets. */
function fromLink(given: string): string | undefined {
  if (!/^(acestream|https?|magnet):/i.test(given)) return undefined;
  const query = new URLSearchParams(given.slice(given.indexOf('?') + 1));
  const hashIn = (text: string | null) => /^(?:urn:btih:)?([0-9a-f]{40})$/i.exec(text?.trim() ?? '')?.[1]?.toLowerCase();
  const id = hashIn(query.get('id')) ?? hashIn(query.get('content_id'));
  if (id) return id;
  const infohash = hashIn(query.get('infohash'));
  if (infohash) return `infohash-${infohash}`;
  const magnet = query.getAll('xt').map(hashIn).find(Boolean);
  return magnet && `magnet-${magnet}`;
}

function sameName(name: string, given: string): boolean {
  return name.toLowerCase() === given.toLowerCase();
}

function lengthOf(bare: string): string {
  if (bare === '') return 'none';
  return bare.length === 40 ? 'other characters' : `${bare.length} characters`;
}
