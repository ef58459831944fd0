import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CannotDo, SaidNo } from './outcomes.js';
import { plain } from './table.js';

/** Above the contract's longest answer. */
const answerMs = 12_000;
/** How long a change is repeated while it is not decided. */
const decidedWithinMs = 60_000;
const pageLimit = 100;
/** Most items that `--all` reads. */
export const mostItems = 10_000;

/** What `OPS_URL` is. */
export const theGateway = 'the gateway, default http://127.0.0.1:3000';

/** What the help of a verb that speaks to the gateway says of its environment. */
export const adminApiHelp = `  OPS_URL    ${theGateway}
  OPS_TOKEN  an access token with the role operator; without it the development sign-in is used, if there is one,
             as OPS_USER (default operator)`;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null when that was all. */
  readonly nextCursor: string | null;
}

interface FieldError {
  readonly path: string;
  readonly message: string;
}

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** Seconds, where the answer names them. */
  readonly retryAfter: number;
}

/** The gateway's API, as an operator or as anybody. */
export class AdminApi {
  private constructor(
    private readonly url: string,
    private readonly token: string | null,
  ) {}

  /** @throws CannotDo without a usable address, or a token and a way to get one. */
  static async reach(environment: NodeJS.ProcessEnv): Promise<AdminApi> {
    const { OPS_TOKEN, OPS_USER } = environment;
    const url = addressIn(environment);
    if (OPS_TOKEN && !/^[\x21-\x7e]+$/.test(OPS_TOKEN))
      throw new CannotDo('OPS_TOKEN is not valid: it is no access token');
    if (OPS_TOKEN) return new AdminApi(url, OPS_TOKEN);
    const asked = { userId: OPS_USER || 'operator', roles: ['operator'] };
    const { status, body } = await call(url, 'POST', '/v1/dev/sign-in', {}, asked);
    if (body.code === 'NOT_FOUND') throw new CannotDo('OPS_TOKEN is missing: this gateway has no development sign-in');
    if (status !== 200) throw refusal(url, status, body);
    return new AdminApi(url, String(body.accessToken));
  }

  /** For what is public. @throws CannotDo without a usable address. */
  static asAnybody(environment: NodeJS.ProcessEnv): AdminApi {
    return new AdminApi(addressIn(environment), null);
  }

  async get<Body>(path: string): Promise<Body> {
    const { status, body } = await this.call('GET', path);
    if (status !== 200) throw refusal(this.url, status, body);
    return body as Body;
  }

  /** The first `limit` items of a list, over as many pages as that takes. */
  async list<Item>(path: string, query: Readonly<Record<string, string>>, limit: number): Promise<Page<Item>> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const asked = new URLSearchParams({ ...query, limit: String(Math.min(limit - items.length, pageLimit)) });
      if (cursor !== null) asked.set('cursor', cursor);
      const page: Page<Item> = await this.get(`${path}?${asked.toString()}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null && items.length < limit);
    return { items, nextCursor: cursor };
  }

  /** A change, repeated with one idempotency key until it is decided: it happens once, whatever gets lost. */
  async change<Body>(path: string, body: object, method: 'POST' | 'PATCH' = 'POST'): Promise<Body> {
    const key = { 'idempotency-key': randomUUID() };
    const end = performance.now() + decidedWithinMs;
    for (;;) {
      const answer = await this.call(method, path, key, body);
      if (!isUndecided(answer)) {
        if (answer.status >= 300) throw refusal(this.url, answer.status, answer.body);
        return answer.body as Body;
      }
      if (performance.now() > end) {
        throw new CannotDo(
          `not decided within ${decidedWithinMs / 1000} s (${answer.status}): look at it again before you repeat it`,
        );
      }
      await pause(Math.min(Math.max(answer.retryAfter, 0.2), 5) * 1_000);
    }
  }

  private call(method: string, path: string, headers: Record<string, string> = {}, body?: object): Promise<Answered> {
    const identity = this.token !== null && { authorization: `Bearer ${this.token}` };
    return call(this.url, method, path, { ...headers, ...identity }, body);
  }
}

function addressIn({ OPS_URL }: NodeJS.ProcessEnv): string {
  const url = (OPS_URL || 'http://127.0.0.1:3000').replace(/\/+$/, '');
  if (!isAddress(url)) throw new CannotDo('OPS_URL is not valid: it must be a URL such as http://127.0.0.1:3000');
  return url;
}

/** Of a gateway, and nothing that may not be shown: a password in it would be. */
function isAddress(url: string): boolean {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return false;
  const { username, password, search, hash } = new URL(url);
  return `${username}${password}${search}${hash}` === '';
}

function isUndecided({ status, body }: Answered): boolean {
  return status === 429 || status === 503 || (status === 202 && body.status === 'PENDING' && 'idempotencyKey' in body);
}

async function call(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Answered> {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(answerMs),
      redirect: 'error',
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: objectIn(text),
      retryAfter: Number(response.headers.get('retry-after')) || 1,
    };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    throw new CannotDo(`no gateway answers at ${url}: ${cause?.code ?? cause?.message ?? message}`);
  }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** A refusal of the thing asked for is a no; of us, of the way we asked, or of everything just now, is not. */
function refusal(url: string, status: number, body: Record<string, unknown>): Error {
  const { code, detail, errors } = body as { code?: unknown; detail?: unknown; errors?: FieldError[] };
  if (typeof code !== 'string') return new CannotDo(`${url} answered ${status}: that is no gateway's answer`);
  if (code === 'NOT_FOUND') return new CannotDo(`the gateway at ${url} does not have this endpoint`);
  const faults = (errors ?? []).map(({ path, message }) => `${path} ${message}`).join('; ');
  const line = plain(`${code}: ${typeof detail === 'string' ? detail : status}${faults && ` ${faults}`}`);
  return [404, 409, 410, 422].includes(status) ? new SaidNo(line) : new CannotDo(line);
}
