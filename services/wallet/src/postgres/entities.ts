import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { TransferKind } from '../domain/transfer.js';

@Entity('wallet')
export class WalletRow {
  @PrimaryColumn({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ type: 'bigint' })
  balance!: bigint;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

@Entity('transfer')
export class TransferRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  kind!: TransferKind;

  @Column({ name: 'top_up_id', type: 'uuid', nullable: true })
  topUpId!: string | null;

  @Column({ name: 'payment_id', type: 'uuid', nullable: true })
  paymentId!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

@Entity('entry')
export class EntryRow {
  @PrimaryColumn({ type: 'bigint' })
  seq!: bigint;

  @Column({ type: 'uuid' })
  id!: string;

  @ManyToOne(() => TransferRow, { nullable: false })
  @JoinColumn({ name: 'transfer_id' })
  transfer!: Relation<TransferRow>;

  @Column({ type: 'text' })
  account!: string;

  /** Signed: what the account gained. */
  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ name: 'balance_after', type: 'bigint', nullable: true })
  balanceAfter!: bigint | null;
}
