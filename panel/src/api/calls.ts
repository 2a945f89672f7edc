// What each address of the API takes and gives, by its description. Types alone: nothing of them is in the page.
import type { paths } from './described';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** The addresses that take a method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];

type Call<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer Described> ? Described : never;

/** The names in an address, and what is asked behind it. */
export type Asked<M extends Method, P extends PathOf<M>> = Call<M, P> extends { parameters: infer Given } ? Pick<Given, keyof Given & ('path' | 'query')> : never;

type Sent<Body> = Body extends { content: { 'application/json': infer Json } } ? Json : never;

/** What is sent as JSON. */
type Body<M extends Method, P extends PathOf<M>> = Call<M, P> extends { requestBody?: infer Given } ? Sent<NonNullable<Given>> : never;

/** All that a call that changes something takes. */
export type Change<M extends Method, P extends PathOf<M>> = Asked<M, P> & ([Body<M, P>] extends [never] ? { text?: string } : { json: Body<M, P> });

/** What is answered as JSON. */
export type Told<P extends PathOf<'get'>> = Call<'get', P> extends { responses: { 200: { content: { 'application/json': infer Json } } } } ? Json : never;
