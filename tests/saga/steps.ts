import { allContracts } from '#contracts';
import { cancellationSteps } from '../../services/reservation/src/domain/cancellation-saga.js';
import { paymentSteps } from '../../services/reservation/src/domain/payment-saga.js';

/** How a saga ends: paid or cancelled, undone, or waiting for an operator. */
export type End = 'forward' | 'back' | 'stuck';

/** A request of a saga, on which a test can lay a fault. */
export interface Step {
  readonly title: string;
  readonly saga: 'payment' | 'cancellation';
  readonly state: string;
  /** Type of the request's message. */
  readonly request: string;
  readonly kind: (typeof paymentSteps)[number]['kind'] | 'undo';
  /** The state in which it is undone, once the deadline has passed. */
  readonly undoneIn: string | null;
  /** Whether the saga gives up on it at the end of its grace. */
  readonly sticks: boolean;
  /** How the saga ends when this is answered after all. */
  readonly answered: End;
  /** Of an undo: the step that it undoes, and what of that was lost, so that the deadline passed. */
  readonly undoes?: { readonly step: Step; readonly lost: 'request' | 'reply' };
}

/** Each step of each saga, and each undo in both ways that lead to it. From the sagas' own tables: a new step is here. */
export const steps: readonly Step[] = [
  ...paymentSteps.flatMap(({ state, action, undo, kind }): Step[] => {
    const step: Step = {
      title: state,
      saga: 'payment',
      state,
      request: typeOf(action),
      kind,
      undoneIn: undo?.state ?? null,
      sticks: false,
      answered: 'forward',
    };
    return undo ? [step, ...undosOf(step, undo)] : [step];
  }),
  ...Object.entries(cancellationSteps).flatMap(([state, step]): Step[] =>
    step
      ? [
          {
            title: `${state} of a cancellation`,
            saga: 'cancellation',
            state,
            request: typeOf(step.action),
            kind: 'retriable',
            undoneIn: null,
            sticks: true,
            answered: 'forward',
          },
        ]
      : [],
  ),
];

function undosOf(step: Step, undo: { readonly state: string; readonly action: string }): Step[] {
  const common = {
    saga: step.saga,
    state: undo.state,
    request: typeOf(undo.action),
    kind: 'undo',
    undoneIn: null,
    sticks: true,
  } as const;
  return [
    {
      ...common,
      title: `${undo.state}, since the request of ${step.state} was lost`,
      answered: 'back',
      undoes: { step, lost: 'request' },
    },
    {
      ...common,
      title: `${undo.state}, since the reply to ${step.state} was lost`,
      // The pivot is not taken back: its undo finds that it stands.
      answered: step.kind === 'pivot' ? 'forward' : 'back',
      undoes: { step, lost: 'reply' },
    },
  ];
}

/** The message that an action is: `debit` is sent as `wallet.Debit.v1`. */
function typeOf(action: string): string {
  const name = `${action[0]!.toUpperCase()}${action.slice(1)}`;
  const named = allContracts.filter(({ type }) => type.split('.')[1] === name);
  if (named.length !== 1) throw new Error(`${action} is not the name of one message`);
  return named[0]!.type;
}
