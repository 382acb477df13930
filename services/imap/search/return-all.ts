import type { SearchReturn } from '#shared/imap/search-arguments.ts'

/** What no RETURN means where the answer is ESEARCH (RFC 9051 §6.4.4, RFC 7377 §2.1). */
export const returnAll: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  context: false,
  update: false,
  updateWithFetch: false,
  partial: null,
}
