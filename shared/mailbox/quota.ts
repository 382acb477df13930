// What an account may store and what it stores already.

/** 0: no limit. */
export type Quota = { readonly bytes: number; readonly messages: number }

export type Usage = { readonly bytes: number; readonly messages: number }

/** Sums over folders. */
export function usageOf(
  folders: readonly { readonly bytes: number; readonly exists: number }[],
): Usage {
  let bytes = 0
  let messages = 0
  for (const folder of folders) {
    bytes += folder.bytes
    messages += folder.exists
  }
  return { bytes, messages }
}

/** What there is room for; negative when a quota was lowered below what is stored. Infinity without a limit. */
export function roomLeft(quota: Quota, used: Usage): Usage {
  return {
    bytes: quota.bytes === 0 ? Number.POSITIVE_INFINITY : quota.bytes - used.bytes,
    messages: quota.messages === 0 ? Number.POSITIVE_INFINITY : quota.messages - used.messages,
  }
}

/** Whether so many messages of so many bytes together fit. */
export const fits = (room: Usage, bytes: number, messages = 1) =>
  bytes <= room.bytes && messages <= room.messages
