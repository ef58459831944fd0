import { Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { databaseOptions } from './database.js';

it('a connection asks after seconds of silence whether its database is still there', () => {
  const asked: unknown[] = [];
  const socket = new Socket();
  socket.connect = () => socket;
  socket.write = () => true;
  socket.setKeepAlive = (...given: unknown[]) => {
    asked.push(given);
    return socket;
  };
  const { extra } = databaseOptions({ schema: 'wallet', url: 'postgres://nobody', poolSize: 1, entities: [] });
  void new pg.Client({ ...(extra as pg.ClientConfig), stream: () => socket }).connect();
  socket.emit('connect');
  expect(asked).toEqual([[true, 5_000]]);
});
