import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { listOf, paging } from '../endpoint/values.js';
import { topUp, wallet, walletEntry } from './bodies.js';

const tag = 'Wallet';
const TOP_UP_MAX = 10_000_000;

export const showWallet = endpoint({
  method: 'GET',
  path: '/v1/wallet',
  tag,
  summary: 'My balance',
  access: 'user',
  responses: { 200: { description: 'The wallet; 0 for a user never seen', body: wallet } },
});

export const topUpWallet = endpoint({
  method: 'POST',
  path: '/v1/wallet/top-ups',
  tag,
  summary: 'Put money in',
  access: 'user',
  command: 'key-required',
  body: z.strictObject({ amount: z.int().min(1).max(TOP_UP_MAX) }).meta({ id: 'NewTopUp' }),
  responses: { 201: { description: 'The money is in', body: topUp } },
  problems: ['BALANCE_LIMIT_EXCEEDED'],
});

export const listEntries = endpoint({
  method: 'GET',
  path: '/v1/wallet/entries',
  tag,
  summary: 'Movements of my wallet, newest first',
  access: 'user',
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of entries', body: listOf(walletEntry) } },
});
