// Loads over HTTP/1.1 on plain sockets, one request at a time on each connection: a client library would cost more than what
// is measured. Closed loops for throughput, and open ones, whose latencies count from when a request was due, for latency.
import { connect } from 'node:net';

/** The text of a request. `body` is sent as JSON. */
export function requestOf(method, path, headers = {}, body = undefined) {
  const json = body === undefined ? '' : JSON.stringify(body);
  const all = {
    host: 'bench',
    ...headers,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...((body !== undefined || method !== 'GET') && { 'content-length': Buffer.byteLength(json) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${json}`;
}

/** No server is as slow as that, ms: one that says nothing for so long never will, and a bench must not wait for it for ever. */
const ANSWER_MS = 60_000;

/**
 * One connection, made when it is first needed (a server gives up who says nothing), and anew where the server gave it up.
 * Texts are latin1 here: as many characters as bytes.
 */
class Connection {
  #socket;
  #received = '';
  #waiting = null;

  constructor(url) {
    this.url = new URL(url);
  }

  open() {
    const { hostname, port } = this.url;
    const socket = connect(Number(port), hostname);
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_MS, () => this.#waiting && socket.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    // Said to a connection that asks nothing: the server waits for a request no longer.
    socket.on('data', (chunk) => (this.#waiting ? this.#onData(chunk) : socket.destroy()));
    const fail = (error) => this.#socket === socket && this.#waiting?.reject(error);
    socket.on('error', fail).on('close', () => fail(new Error('the connection was closed')));
    this.#socket = socket;
    this.#received = '';
    return new Promise((resolve, reject) => socket.once('connect', () => resolve(this)).once('error', reject));
  }

  async ask(text) {
    if (!this.isOpen) await this.open();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(text, 'utf8');
    });
  }

  get isOpen() {
    return this.#socket !== undefined && !this.#socket.destroyed;
  }

  close() {
    this.#socket?.destroy();
  }

  #onData(chunk) {
    this.#received += chunk;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const status = Number(head.slice(9, 12));
    const length = status === 204 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`);
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    const { resolve } = this.#waiting;
    this.#waiting = null;
    resolve({ status, body });
  }
}

export const jsonOf = ({ body }) => (body === '' ? undefined : JSON.parse(Buffer.from(body, 'latin1').toString()));

/** Connections to one address, which stay open. */
export class Connections {
  static open(url, count) {
    return new Connections(Array.from({ length: count }, () => new Connection(url)));
  }

  constructor(all) {
    this.all = all;
  }

  close() {
    for (const connection of this.all) connection.close();
  }

  /**
   * Closed loop: each connection asks again as soon as it is answered, until `next` has nothing more, or for `seconds`.
   * @param next the text of a request, or null
   * @param heard (answer, index of the request)
   */
  async closed(next, { heard = () => undefined, seconds = Infinity } = {}) {
    // A listening socket's queue is short.
    for (let first = 0; first < this.all.length; first += 100) {
      const some = this.all.slice(first, first + 100).filter(({ isOpen }) => !isOpen);
      await Promise.all(some.map((connection) => connection.open()));
    }
    const times = [];
    const from = performance.now();
    const until = from + 1_000 * seconds;
    let asked = 0;
    const loop = async (connection) => {
      for (;;) {
        const begin = performance.now();
        const text = begin < until ? next(asked) : null;
        if (text === null || text === undefined) return;
        const index = asked;
        asked += 1;
        const answer = await connection.ask(text);
        times.push(performance.now() - begin);
        heard(answer, index);
      }
    };
    await Promise.all(this.all.map(loop));
    return { times, seconds: (performance.now() - from) / 1_000 };
  }

  /** Open loop: requests are due at a fixed rate whatever becomes of the others; one that finds no connection free is late. */
  async open(next, { perSecond, count, heard = () => undefined }) {
    const times = [];
    const free = [...this.all];
    const due = [];
    const from = performance.now();
    let index = 0;
    return new Promise((resolve, reject) => {
      const send = () => {
        while (due.length > 0 && free.length > 0) {
          const { at, number } = due.shift();
          const connection = free.pop();
          connection.ask(next(number)).then((answer) => {
            times.push(performance.now() - at);
            heard(answer, number);
            free.push(connection);
            if (times.length === count) resolve({ times, seconds: (performance.now() - from) / 1_000 });
            else if (due.length > 0) send();
          }, reject);
        }
      };
      const clock = () => {
        for (const now = performance.now(); index < count; index += 1) {
          const at = from + (1_000 * index) / perSecond;
          if (at > now) break;
          due.push({ at, number: index });
        }
        send();
        if (index < count) setTimeout(clock, 1);
      };
      clock();
    });
  }
}
