import type { EndpointSpec } from './endpoint.js';

/** What a controller answers with: one of the statuses its declaration names. */
export interface Answer<Status extends number = number> {
  readonly status: Status;
  /** An object is written as JSON; a string or bytes are JSON already (an upstream's answer, passed on as it came); a
   * stream is passed on as it flows, and its Content-Type is among the headers. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 202 belongs to every endpoint that sends a command. */
export type AnswerOf<E extends EndpointSpec> = Answer<
  (keyof E['responses'] & number) | (E['command'] extends string ? 202 : never)
>;
