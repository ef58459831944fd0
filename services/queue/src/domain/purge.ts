/** A finished row that no verdict needs any more. */
export interface PurgeablePlace {
  readonly generation: number;
  readonly queueNumber: number;
}

/** Most rows that one purge command deletes. */
export const purgePage = 5_000;

/** A page of the rows that were found, and whether another command must follow for the rest. */
export function pageOf(found: readonly PurgeablePlace[]): { doomed: readonly PurgeablePlace[]; more: boolean } {
  return { doomed: found.slice(0, purgePage), more: found.length > purgePage };
}
