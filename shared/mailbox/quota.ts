// What an account may store.

/** 0: no limit. */
export type Quota = { readonly bytes: number; readonly messages: number }

export type Used = { readonly bytes: number; readonly messages: number }

/** What holds for bytes that come into an account. */
export type Limits = Quota & {
  /**
   * Bytes that clients may append in a day; 0: no limit, and what is appended is not counted. What was appended and removed at once
   * is no longer in the quota, and still on the disk until its grace time is over.
   */
  readonly appendBytesPerDay: number
}

/** Sums over folders. */
export function usedBy(
  folders: readonly { readonly bytes: number; readonly exists: number }[],
): Used {
  let bytes = 0
  let messages = 0
  for (const folder of folders) {
    bytes += folder.bytes
    messages += folder.exists
  }
  return { bytes, messages }
}

/** What an account has room for. */
export type Room = Used & {
  /** Of messages that a client appends today. */
  readonly appendBytes: number
}

/** What there is room for; negative when a quota was lowered below what is stored. Infinity without a limit. */
export function roomLeft(quota: Quota, used: Used): Used {
  return {
    bytes: limitOf(quota.bytes) - used.bytes,
    messages: limitOf(quota.messages) - used.messages,
  }
}

/** As a number to compare with: 0 means no limit. */
export const limitOf = (limit: number) => (limit === 0 ? Number.POSITIVE_INFINITY : limit)

/** Whether so many messages of so many bytes together fit. */
export const fits = (room: Used, bytes: number, messages = 1) =>
  bytes <= room.bytes && messages <= room.messages
