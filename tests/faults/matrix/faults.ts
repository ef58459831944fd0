/** What is done to a process at a moment of `libs/messaging/src/moments.ts`. */
export interface Fault {
  /** The name of the file in FAULT_FOLDER that is there once it was done. */
  readonly id: string;
  readonly moment: string;
  /** For `saga.moved`: the state it moved to. */
  readonly state?: string;
  /** Which occurrence after it was armed; 1 is the next. */
  readonly nth: number;
  /** `abort` makes the open transaction fail; the others hurt the process. */
  readonly how: 'kill' | 'pause' | 'throw' | 'abort';
}

/** What the process wrote into that file, just before. */
export interface Fired {
  readonly pid: number;
  readonly occurrence: number;
  /** ms since 1970. */
  readonly at: number;
}
