import { randomUUID } from 'node:crypto';
import { eventually } from '../eventually.js';

export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, the text of anything else, undefined when there is none. */
  readonly body: Body;
}

/** Header names and values; one that is undefined is not sent. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** A client of the public API: one base URL and the headers of whoever calls. */
export interface ApiClient {
  readonly baseUrl: string;
  readonly headers: RequestHeaders;
  get<Body = any>(path: string, headers?: RequestHeaders): Promise<Answer<Body>>;
  post<Body = any>(path: string, body?: unknown, headers?: RequestHeaders): Promise<Answer<Body>>;
  patch<Body = any>(path: string, body?: unknown, headers?: RequestHeaders): Promise<Answer<Body>>;
  delete<Body = any>(path: string, headers?: RequestHeaders): Promise<Answer<Body>>;
  /** Any method, and a body sent as it is: for what a well-behaved client would never send. `signal` cuts the connection. */
  send(method: string, path: string, body?: string, headers?: RequestHeaders, signal?: AbortSignal): Promise<Answer>;
  /** The same client as this user, by the development sign-in. */
  signIn(userId: string, roles?: readonly string[]): Promise<ApiClient>;
  /** The same caller with more headers, or at another gateway. */
  with(change: { readonly headers?: RequestHeaders; readonly baseUrl?: string }): ApiClient;
}

/** Longer than any answer takes, also on a machine that stalls. */
const ANSWER_MS = 45_000;

export function apiOf(baseUrl: string, own: RequestHeaders = {}): ApiClient {
  const send: ApiClient['send'] = async (method, path, body, headers = {}, signal = AbortSignal.timeout(ANSWER_MS)) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: present({ ...own, ...headers }),
      signal,
      ...(body !== undefined && { body }),
    });
    return { status: response.status, headers: response.headers, body: parsed(await response.text(), response) };
  };
  const sendJson = (method: string, path: string, body: unknown, headers: RequestHeaders = {}) =>
    body === undefined
      ? send(method, path, undefined, headers)
      : send(method, path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  return {
    baseUrl,
    headers: own,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => sendJson('POST', path, body, headers),
    patch: (path, body, headers) => sendJson('PATCH', path, body, headers),
    delete: (path, headers) => send('DELETE', path, undefined, headers),
    with: (change) => apiOf(change.baseUrl ?? baseUrl, { ...own, ...change.headers }),
    signIn: async (userId, roles) => {
      const answer = await sendJson('POST', '/v1/dev/sign-in', { userId, ...(roles && { roles }) });
      const { accessToken } = expectStatus<{ accessToken: string }>(answer, 200);
      return apiOf(baseUrl, { ...own, authorization: `Bearer ${accessToken}` });
    },
  };
}

/** Not decided within the gateway's wait window, or nobody there to ask: the contract says to repeat with the same key. */
const undecided = [202, 429, 503];

/** A POST repeated with one idempotency key until it is decided; its body when it ends with one of these statuses. */
export async function postUntilDecided<Body = any>(
  api: ApiClient,
  path: string,
  body: unknown,
  ...statuses: readonly number[]
): Promise<Body> {
  const key = { 'idempotency-key': randomUUID() };
  const answer = await eventually(
    async () => {
      const latest = await api.post<Body>(path, body, key);
      return !undecided.includes(latest.status) && latest;
    },
    { within: 30_000, every: 200 },
  );
  return expectStatus<Body>(answer, ...statuses);
}

/** The body of an answer that must have this status. @throws with the whole answer otherwise. */
export function expectStatus<Body>(answer: Answer<Body>, ...statuses: readonly number[]): Body {
  if (statuses.includes(answer.status)) return answer.body;
  throw new Error(`expected ${statuses.join(' or ')}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

function present(headers: RequestHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function parsed(text: string, response: Response): unknown {
  if (text === '') return undefined;
  return /json/.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text;
}
