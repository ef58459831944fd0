import { WaitingRoom1764000000000 } from './1764000000000-waiting-room.js';

/** In order; applied ones never change. */
export const migrations = [WaitingRoom1764000000000];
