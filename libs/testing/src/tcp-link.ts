import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port that passes everything on to a server, until a test cuts it: an outage without harming the server. */
export interface TcpLink {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  /** Holds everything back without ending a connection, as a dead network does. */
  freeze(): void;
  /** Undoes `cut` and `freeze`. */
  mend(): void;
  close(): Promise<void>;
}

/** A link to `host:port` on a free port of 127.0.0.1. */
export async function linkTo(host: string, port: number): Promise<TcpLink> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isFrozen = false;
  const server = createServer((client) => {
    if (isCut) return client.resetAndDestroy();
    const upstream = connect(port, host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (isFrozen) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      isCut = false;
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
