import { OperatorLog1795645044214 } from '#messaging';
import { Arrivals1795719600000 } from './1795719600000-arrivals.js';
import { Controls1795675200000 } from './1795675200000-controls.js';
import { Funnel1795678200000 } from './1795678200000-funnel.js';
import { Stock1795680000000 } from './1795680000000-stock.js';
import { JudgedPlaces1795762800000 } from './1795762800000-judged-places.js';
import { TickSentAt1795766400000 } from './1795766400000-tick-sent-at.js';
import { LineCount1795694400000 } from './1795694400000-line-count.js';
import { PreQueue1795681800000 } from './1795681800000-pre-queue.js';
import { AdmissionClasses1795716000000 } from './1795716000000-admission-classes.js';
import { WaitingRoom1764000000000 } from './1764000000000-waiting-room.js';

/** In order; applied ones never change. */
export const migrations = [
  WaitingRoom1764000000000,
  OperatorLog1795645044214,
  Controls1795675200000,
  Funnel1795678200000,
  Stock1795680000000,
  PreQueue1795681800000,
  LineCount1795694400000,
  AdmissionClasses1795716000000,
  Arrivals1795719600000,
  JudgedPlaces1795762800000,
  TickSentAt1795766400000,
];
