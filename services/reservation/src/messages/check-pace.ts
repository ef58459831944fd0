/** How often the sagas' timers look, ms: late by at most this. An empty look is one index probe. */
export const CHECK_EVERY_MS = 1_000;

/** Sagas a look finds at most; a full page is followed by the next at once. */
export const CHECK_PAGE = 500;
