import fc from 'fast-check';

/** A part of an OpenAPI 3.1 document, as far as junk needs it. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxItems?: number;
}

/** One operation of the document, and a request to it that would do something. */
export interface Route {
  readonly method: string;
  /** As in the document: `/v1/reservations/{reservationId}`. */
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  /** Header names, in lower case: of its tokens and of its parameters. */
  readonly headers: readonly string[];
  /** Undefined where no body is taken. */
  readonly body: JsonSchema | undefined;
  readonly goodParams: Readonly<Record<string, string>>;
  readonly goodBody: Readonly<Record<string, unknown>> | undefined;
}

export interface JunkRequest {
  /** What is wrong with it, for whoever reads a failure. */
  readonly fault: string;
  readonly url: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

type Fault = Omit<JunkRequest, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** Requests to the route each of which has at least one fault for which it must be refused, and maybe odd headers. */
export function junkFor(route: Route): fc.Arbitrary<JunkRequest> {
  const faults = [...pathFaults(route), ...queryFaults(route), ...headerFaults(route), ...bodyFaults(route)];
  const takesKey = route.headers.includes('idempotency-key');
  return fc.record({ fault: fc.oneof(...faults), noise: noisyHeaders, key: uuids }).map(({ fault, noise, key }) => ({
    ...fault,
    headers: {
      ...noise,
      ...(takesKey && { 'idempotency-key': key }),
      ...(fault.body !== undefined && jsonType),
      ...fault.headers,
    },
  }));
}

const uuids = fc.uuid();
const jsonType = { 'content-type': 'application/json' };

function urlOf({ path, goodParams }: Route, params: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? goodParams[name] ?? '');
}

function good(route: Route) {
  return { url: urlOf(route), body: route.goodBody && JSON.stringify(route.goodBody) };
}

/** Text that stays one path segment and is no UUID. */
const noUuid = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 60 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.constantFrom('0', '-1', 'null', 'undefined', 'NaN', '..', "' or 1=1 --", '%00', '\u0000', '{}', 'x'.repeat(300)),
    uuids.map((id) => `${id}0`),
    uuids.map((id) => id.replaceAll('-', '')),
    uuids.map((id) => `{${id}}`),
  )
  .filter((text) => !/^\.{1,2}$/.test(text) && Buffer.from(text).toString() === text);

function pathFaults(route: Route): fc.Arbitrary<Fault>[] {
  const names = Object.keys(route.goodParams);
  if (names.length === 0) return [];
  return [
    fc.record({ name: fc.constantFrom(...names), value: noUuid }).map(({ name, value }) => ({
      ...good(route),
      fault: `path ${name}`,
      url: urlOf(route, { [name]: encodeURIComponent(value) }),
    })),
    fc
      .record({ name: fc.constantFrom(...names), value: fc.constantFrom('%', '%zz', '%c3%28', '%ff') })
      .map(({ name, value }) => ({
        ...good(route),
        fault: `broken path ${name}`,
        url: urlOf(route, { [name]: value }),
      })),
  ];
}

function queryFaults(route: Route): fc.Arbitrary<Fault>[] {
  const known = route.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const unknown = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !known.includes(name));
  const withQuery = (fault: string, name: string, value: string) => {
    const query = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
    return { ...good(route), fault, url: `${urlOf(route)}?${query}` };
  };
  const text = fc.string({ maxLength: 40 });
  const faults: fc.Arbitrary<Fault>[] = [
    fc.record({ name: unknown, value: text }).map(({ name, value }) => withQuery('unknown query', name, value)),
    fc.constantFrom('__proto__', 'constructor', 'userId', 'sub').map((name) => withQuery('unknown query', name, '1')),
  ];
  const wrong: Record<string, fc.Arbitrary<string>> = {
    limit: fc.oneof(
      fc.constantFrom('0', '-1', '101', '1.5', '1e1', '', ' 5', '0x10', 'NaN', '9'.repeat(40)),
      text.filter((value) => !/^\d+$/.test(value)),
    ),
    cursor: fc.oneof(
      fc.constantFrom('', 'nonsense', 'bnVsbA', 'x'.repeat(600), '\u0000'),
      text.map((value) => `*${value}`),
    ),
    status: text.filter((value) => !/^(?:all|[A-Z]+)$/.test(value)),
    concertId: noUuid,
    section: fc.constantFrom('', '\u0000', 'x'.repeat(51), 'a\nb'),
  };
  for (const name of known) {
    if (wrong[name]) faults.push(wrong[name].map((value) => withQuery(`query ${name}`, name, value)));
    faults.push(fc.constant({ ...good(route), fault: 'twice', url: `${urlOf(route)}?${name}=1&${name}=2` }));
  }
  return faults;
}

function headerFaults(route: Route): fc.Arbitrary<Fault>[] {
  const takes = (name: string) => route.headers.includes(name);
  const visible = fc.string({ minLength: 1, maxLength: 80 }).map((text) => `x${text.replaceAll(/[^\x21-\x7e]/g, '')}`);
  const withHeader = (name: string) => (value: string) => ({
    ...good(route),
    fault: `header ${name}`,
    headers: { ...(route.goodBody && jsonType), [name]: value },
  });
  const faults: fc.Arbitrary<Fault>[] = [];
  if (takes('idempotency-key')) {
    faults.push(fc.constantFrom('', 'two words', 'k'.repeat(256), 'ä').map(withHeader('idempotency-key')));
  }
  if (takes('queue-token')) {
    faults.push(visible.map(withHeader('queue-token')));
    faults.push(visible.map((text) => `v1.k1.${text}.${'A'.repeat(43)}`).map(withHeader('queue-token')));
  }
  if (takes('authorization')) {
    const tokens = fc.oneof(
      visible,
      visible.map((text) => `Bearer ${text}`),
      visible.map((text) => `Basic ${text}`),
    );
    faults.push(tokens.map(withHeader('authorization')));
  }
  return faults;
}

function bodyFaults(route: Route): fc.Arbitrary<Fault>[] {
  const { body, goodBody } = route;
  const { url } = good(route);
  const asBody = (fault: string) => (value: unknown) => ({ fault, url, body: JSON.stringify(value) });
  if (!body || !goodBody) {
    if (route.method === 'GET') return [];
    const members = fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue(), { minKeys: 1 });
    return [members.map(asBody('a body where none is taken'))];
  }
  const required = [...(body.required ?? [])];
  // Where nothing is required, an empty body is none, and none is fine.
  const shortest = required.length === 0 ? 1 : 0;
  const without = (names: readonly string[]) =>
    fc
      .subarray([...names], { minLength: 1 })
      .map((missing) =>
        asBody(`without ${missing.join()}`)(
          Object.fromEntries(Object.entries(goodBody).filter(([name]) => !missing.includes(name))),
        ),
      );
  const scalars = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
  const names = Object.keys(body.properties ?? {});
  const wrongMember = fc.oneof(
    ...names.map((name) => wrongFor(body.properties![name]!, goodBody[name]).map((value) => ({ name, value }))),
  );
  return [
    fc.oneof(scalars, fc.array(fc.jsonValue())).map(asBody('no object')),
    {
      weight: 4,
      arbitrary: wrongMember.map(({ name, value }) => asBody(`member ${name}`)({ ...goodBody, [name]: value })),
    },
    ...(required.length === 0 ? [] : [without(required)]),
    fc
      .record({ name: fc.string({ maxLength: 20 }).filter((name) => !names.includes(name)), value: fc.jsonValue() })
      .map(({ name, value }) =>
        asBody('unknown member')(Object.fromEntries([...Object.entries(goodBody), [name, value]])),
      ),
    fc.constantFrom('__proto__', 'constructor').map((name) => ({
      fault: 'prototype',
      url,
      body: `${JSON.stringify(goodBody).slice(0, -1)},"${name}":{"prototype":{"x":1}}}`,
    })),
    fc
      .integer({ min: shortest, max: JSON.stringify(goodBody).length - 1 })
      .map((end) => ({ fault: 'cut', url, body: JSON.stringify(goodBody).slice(0, end) })),
    fc
      .string({ minLength: shortest, maxLength: 50 })
      .filter(isNotJson)
      .map((text) => ({ fault: 'no JSON', url, body: text })),
    fc.integer({ min: 65_537, max: 200_000 }).map((length) => ({
      fault: 'too long',
      url,
      body: `${JSON.stringify(goodBody).slice(0, -1)}${' '.repeat(length)}}`,
    })),
    fc
      .constantFrom(
        'text/plain',
        'text/html',
        'application/xml',
        'application/x-www-form-urlencoded',
        'x',
        'application/json; charset=latin1',
      )
      .map((type) => ({ ...good(route), fault: `type ${type}`, headers: { 'content-type': type } })),
  ].map((one) => ('arbitrary' in one ? one.arbitrary : one)) as fc.Arbitrary<Fault>[];
}

function isNotJson(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

const awkwardNumbers = [-1, 0.5, -0.5, 1e16, 1e300, -1e300, Number.MAX_SAFE_INTEGER + 2];
const awkwardTexts = ['a\u0000b', '\u0000', '\n', '\ud800', 'x'.repeat(5_000)];

/** JSON values that the schema refuses; `good` is one that it takes. */
function wrongFor(schema: JsonSchema, good: unknown): fc.Arbitrary<unknown> {
  const types = new Set([schema, ...(schema.anyOf ?? [])].flatMap(({ type }) => type ?? []));
  const concrete =
    [schema, ...(schema.anyOf ?? [])].find(({ type }) => type !== undefined && type !== 'null') ?? schema;
  const others: fc.Arbitrary<unknown>[] = [fc.dictionary(fc.string({ maxLength: 5 }), fc.integer(), { minKeys: 1 })];
  if (!types.has('null')) others.push(fc.constant(null));
  if (!types.has('string')) others.push(fc.string());
  if (!types.has('boolean')) others.push(fc.boolean());
  if (!types.has('array')) others.push(fc.array(fc.integer(), { maxLength: 3 }));
  if (!types.has('integer') && !types.has('number'))
    others.push(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  if (types.has('integer')) others.push(fc.constantFrom(...awkwardNumbers), fc.constantFrom('1', [1]));
  if (types.has('integer') && (concrete.minimum ?? 0) > 0) others.push(fc.constant(0));
  if (types.has('string') && !concrete.enum) {
    const short = concrete.format !== undefined || (concrete.minLength ?? 0) > 0 ? [''] : [];
    others.push(
      fc.constantFrom(...awkwardTexts, ...short, ...(concrete.format === undefined ? [] : ['1', 'tomorrow'])),
    );
  }
  if (types.has('array')) others.push(...wrongLists(concrete, good));
  return fc.oneof(...others);
}

function wrongLists({ items, maxItems }: JsonSchema, good: unknown): fc.Arbitrary<unknown>[] {
  const [first] = good as unknown[];
  const lists: fc.Arbitrary<unknown>[] = [
    fc.array(fc.oneof(fc.constant(null), fc.double()), { minLength: 1, maxLength: 5 }),
  ];
  if (items?.format === 'uuid') {
    lists.push(
      fc.constant([]),
      uuids.map((id) => [id, id]),
      uuids.map((id) => [id, id.toUpperCase()]),
    );
    const most = maxItems ?? 1_000;
    lists.push(fc.uniqueArray(uuids, { minLength: most + 1, maxLength: most + 3 }));
  }
  for (const [name, member] of Object.entries(items?.properties ?? {})) {
    const known = first as Record<string, unknown>;
    lists.push(wrongFor(member, known[name]).map((wrong) => [{ ...known, [name]: wrong }]));
    lists.push(fc.constant([{ ...known, [`${name}?`]: 1 }]));
  }
  return lists;
}

/** Headers that are ignored or replaced when they are odd. */
const noisyHeaders: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'x-request-id',
    'traceparent',
    'if-none-match',
    'last-event-id',
    'origin',
    'accept',
    'accept-encoding',
    'x-forwarded-for',
  ),
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?').trim()),
  { maxKeys: 3 },
);
