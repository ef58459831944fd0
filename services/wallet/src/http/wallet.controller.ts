import { Controller, Get, Inject, Query, UsePipes } from '@nestjs/common';
import type { z } from 'zod';
import { parameters, SETTINGS } from '#service';
import type { WalletSettings } from '../config.js';
import { WalletQueries } from '../postgres/wallet.queries.js';
import {
  entriesBody,
  type EntriesBody,
  type EntriesQuery,
  entriesQuery,
  walletBody,
  type WalletBody,
  walletQuery,
} from './wallet.schemas.js';

/** Queries of the gateway, which has verified who the user is. Bodies are those of the public API. */
@Controller('internal/wallet')
@UsePipes(parameters)
export class WalletController {
  constructor(
    private readonly wallets: WalletQueries,
    @Inject(SETTINGS) private readonly settings: Pick<WalletSettings, 'CURRENCY'>,
  ) {}

  @Get()
  async wallet(@Query({ schema: walletQuery }) query: z.output<typeof walletQuery>): Promise<WalletBody> {
    return walletBody(query.userId, await this.wallets.find(query.userId), this.settings.CURRENCY);
  }

  @Get('entries')
  async entries(@Query({ schema: entriesQuery }) query: EntriesQuery): Promise<EntriesBody> {
    const { userId, limit, cursor } = query;
    return entriesBody(await this.wallets.entries(userId, limit + 1, cursor ?? null), limit);
  }
}
