import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Answer, ApiClient } from '#testing';

/** One POST of a race. Its last byte is held back, so it has a body even where none is needed. */
export interface Runner {
  readonly api: ApiClient;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends all requests before the first answer: each has a connection of its own and has sent everything but its last
 * byte; then all last bytes go out within one turn of the event loop. The answers come in the order of the requests.
 */
export async function allAtOnce(runners: readonly Runner[]): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const answers: Promise<IncomingMessage>[] = [];
  const fire: (() => void)[] = [];
  let answered = 0;
  await Promise.all(
    runners.map(async ({ api, path, body = {}, headers = {} }, index) => {
      const bytes = Buffer.from(JSON.stringify(body));
      const sent = request(`${api.baseUrl}${path}`, {
        method: 'POST',
        agent,
        headers: {
          ...(api.headers as Record<string, string>),
          ...headers,
          'content-type': 'application/json',
          'content-length': bytes.length,
        },
      });
      answers[index] = responseTo(sent).then((response) => {
        answered += 1;
        return response;
      });
      fire[index] = () => sent.end(bytes.subarray(-1));
      await new Promise((resolve) => sent.write(bytes.subarray(0, -1), resolve));
    }),
  );
  if (answered > 0) throw new Error('an answer came before the last request was sent');
  for (const last of fire) last();
  return Promise.all(answers.map(async (response) => answerOf(await response)));
}

async function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const body = await text(response);
  const parsed: unknown = /json/.test(headers.get('content-type') ?? '') ? JSON.parse(body) : body;
  return { status: response.statusCode ?? 0, headers, body: parsed };
}
