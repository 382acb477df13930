// VANISHED (EARLIER): which of the uids a client asks about are gone since it last looked. RFC 7162 §3.2.6, §3.2.10.

import { formatSequenceSet, type MessageSet, resolveSet } from '#shared/imap/sequence-set.ts'
import { intersectRanges } from '#shared/runtime/number-ranges.ts'
import type { SelectedFolder } from '../selected-folder.ts'

/** The untagged response, undefined when nothing is gone. A saved result never holds what is gone. */
export async function vanishedEarlier(
  selected: SelectedFolder,
  set: MessageSet,
  modSeq: number,
): Promise<string | undefined> {
  if (set.kind === 'saved') return undefined
  const { vanished } = await selected.missedSince(modSeq)
  // `*` is the last uid there ever was, so that what was expunged at the end is told too.
  const asked = resolveSet(set.ranges, selected.folder.uidNext - 1)
  const gone = intersectRanges(vanished, asked)
  return gone.length === 0 ? undefined : `VANISHED (EARLIER) ${formatSequenceSet(gone)}`
}
