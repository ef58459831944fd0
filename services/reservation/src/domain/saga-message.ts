import type { Rejection } from '#contracts';

/** What moves a saga: a reply to one of its requests, or its timer. `id` is the message's own, for the timeline. */
export type SagaReply = { readonly id: string; readonly inReplyTo: string } & (
  | { readonly kind: 'answered'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'parked'; readonly reason: string }
);

export type SagaMessage = SagaReply | { readonly id: string; readonly kind: 'check' };

/** A reply counts only while its request is the one awaited; a parked one only once. */
export function isAwaited(
  step: { readonly lastRequestId: string | null; readonly stuckReason: string | null },
  reply: SagaReply,
): boolean {
  if (step.lastRequestId !== reply.inReplyTo) return false;
  return reply.kind !== 'parked' || step.stuckReason === null;
}
