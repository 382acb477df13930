// What a check of the store finds: of which kind, where, how grave, and what would mend it.

/**
 * lost: bytes or items that nothing brings back. wrong: clients or operators are told what is not so, or something does not happen.
 * waste: room.
 */
export type Gravity = 'lost' | 'wrong' | 'waste'

/** Every kind that there is, with its gravity. */
export const findingKinds = {
  'item-unreadable': 'lost',
  'index-entry-missing': 'wrong',
  'index-entry-stray': 'wrong',
  'bell-order': 'wrong',
  'object-bytes-missing': 'lost',
  'object-bytes-length': 'lost',
  'object-bytes-stray': 'waste',
  'object-file-stray': 'wrong',
  'folder-counters': 'wrong',
  'folder-children': 'wrong',
  'folder-name': 'wrong',
  'folder-parent': 'wrong',
  'folder-numbers': 'wrong',
  'change-log-gap': 'wrong',
  'folder-items-stray': 'waste',
  usage: 'wrong',
  'message-without-blob': 'lost',
  'blob-without-object': 'lost',
  'blob-length': 'lost',
  'blob-too-few-references': 'wrong',
  'blob-too-many-references': 'waste',
  'blob-not-dead': 'waste',
  'object-without-owner': 'waste',
  'queued-without-object': 'lost',
  'queued-part-missing': 'lost',
  'queued-not-due': 'wrong',
  'group-count': 'wrong',
  'group-without-message': 'wrong',
  'domain-counts': 'wrong',
  'address-without-domain': 'wrong',
  'address-without-account': 'wrong',
  'account-without-address': 'wrong',
  'account-differs': 'wrong',
  'mail-without-account': 'waste',
} as const satisfies { readonly [kind: string]: Gravity }

export type FindingKind = keyof typeof findingKinds

export type CheckFinding = {
  readonly kind: FindingKind
  /** Of what: an item, an object. */
  readonly of: string
  readonly found: string
  /** Where it can be mended without loss, by whoever has the store to himself. */
  readonly mend?: () => Promise<unknown>
}
