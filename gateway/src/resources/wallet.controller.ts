import { Controller } from '@nestjs/common';
import { wallet } from '#contracts';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import { listEntries, showWallet, topUpWallet } from './wallet.endpoints.js';

@Controller()
export class WalletController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
  ) {}

  @Endpoint(showWallet)
  async show(@Called() call: Call<typeof showWallet>): Promise<AnswerOf<typeof showWallet>> {
    const path = withQuery('/internal/wallet', { userId: call.userId });
    return { status: 200, body: await this.upstreams.wallet.get(path, call.traceparent) };
  }

  @Endpoint(topUpWallet)
  async topUp(@Called() call: Call<typeof topUpWallet>): Promise<AnswerOf<typeof topUpWallet>> {
    const command = this.commands.of(call);
    const payload = { topUpId: command.newId('top-up'), userId: call.userId, amount: call.body.amount };
    const decided = await command.ask<wallet.TopUpAnswer>(wallet.topUp, payload);
    if (decided.kind === 'pending') return decided.answer;
    return { status: 201, body: decided.body, headers: decided.headers };
  }

  @Endpoint(listEntries)
  async entries(@Called() call: Call<typeof listEntries>): Promise<AnswerOf<typeof listEntries>> {
    const path = withQuery('/internal/wallet/entries', { ...call.query, userId: call.userId });
    return { status: 200, body: await this.upstreams.wallet.get(path, call.traceparent) };
  }
}
