// Reads what a person pastes to say which channel they mean; it asks nobody.
import type { Source } from './api';

export type Selected = { id: string } | { problem: string };

const CONTENT_ID = /^[0-9a-f]{40}$/;

/**
 * The id to ask Weir for. A configured name wins over an id, as in Weir itself.
 * `sources` is undefined while the list is not known; then Weir is left to judge a name.
 */
export function select(text: string, sources: Source[] | undefined): Selected {
  const given = text.trim();
  if (given === '') return { problem: 'Paste an id, an acestream:// link or the name of a source.' };

  const named = sources?.find((source) => sameName(source.id, given) || sameName(source.name, given));
  if (named) return { id: named.id };

  const isLink = /^acestream:/i.test(given);
  const bare = isLink ? given.replace(/^acestream:(\/\/)?/i, '').replace(/[/?#].*$/, '') : given;
  const id = bare.toLowerCase();
  if (CONTENT_ID.test(id)) return { id };

  if (isLink) return { problem: `The link must hold an id of 40 characters, 0-9 and a-f; it holds ${lengthOf(bare)}.` };
  if (/^[0-9a-f]{20,}$/.test(id)) return { problem: `An id has 40 characters; this one has ${bare.length}.` };
  if (/^[a-z]+:/i.test(given)) return { problem: 'Links of this kind are not played here, only acestream:// links.' };
  if (sources === undefined) return { id: given };
  return { problem: `No source is named “${given}”, and it is not an id of 40 characters, 0-9 and a-f.` };
}

function sameName(name: string, given: string): boolean {
  return name.toLowerCase() === given.toLowerCase();
}

function lengthOf(bare: string): string {
  if (bare === '') return 'none';
  return bare.length === 40 ? 'other characters' : `${bare.length} characters`;
}
