// Holds an answer against the description of the API: what is missing, what nobody described, what is of another kind.
import { readFile } from 'node:fs/promises';

const { paths, components } = JSON.parse(await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));

/** What differs between `answer` and what `GET path` is described to answer; nothing, if all is well. */
export function differences(path, answer) {
  const { schema } = paths[path].get.responses[200].content['application/json'];
  return compare(answer, schema, path);
}

function compare(value, described, place) {
  const schema = flat(described);
  if (schema.oneOf) {
    const found = schema.oneOf.map((it) => compare(value, it, place));
    return found.find((it) => it.length === 0) ?? found[0];
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${place} is ${JSON.stringify(value)}`];
  const kinds = [schema.type ?? []].flat();
  if (0 < kinds.length && !kinds.some((it) => isA(it, value))) return [`${place} is ${JSON.stringify(value)}, not ${kinds.join(' or ')}`];
  if (Array.isArray(value)) return value.flatMap((it, index) => compare(it, schema.items ?? {}, `${place}[${index}]`));
  return schema.properties && value !== null ? membersOf(value, schema, place) : [];
}

function membersOf(value, { properties, required = [], additionalProperties }, place) {
  const missing = required.filter((it) => !(it in value)).map((it) => `${place}.${it} is missing`);
  const others = Object.entries(value).flatMap(([name, member]) => {
    const schema = properties[name] ?? additionalProperties;
    return schema ? compare(member, schema, `${place}.${name}`) : [`${place}.${name} is not described`];
  });
  return [...missing, ...others];
}

const KINDS = {
  null: (value) => value === null,
  integer: Number.isInteger,
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const isA = (kind, value) => KINDS[kind]?.(value) ?? typeof value === kind;

/** A schema without references, and with all members of those that it is made of. */
function flat({ $ref, allOf = [], ...rest }) {
  const parts = [...($ref ? [components.schemas[$ref.split('/').at(-1)]] : []), ...allOf].map(flat);
  return [...parts, rest].reduce((whole, it) => ({
    ...whole, ...it,
    ...(whole.properties || it.properties ? { properties: { ...whole.properties, ...it.properties } } : {}),
    required: [...(whole.required ?? []), ...(it.required ?? [])],
  }), {});
}
