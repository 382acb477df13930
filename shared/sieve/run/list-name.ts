// Names of lists that are kept outside of scripts (RFC 6134 §2.6): URIs. What there is of them the context knows.

export const ADDRESS_BOOKS = 'urn:ietf:params:sieve:addrbook:'
/** Short for the same. */
const SHORT = ':addrbook:'

/** Of longer ones there is none. */
const NAME_CHARACTERS_MAX = 1_000

/** In the one way that it is asked for; undefined for what names no list. */
export function listName(text: string): string | undefined {
  if (text.length > NAME_CHARACTERS_MAX) return undefined
  const lower = text.toLowerCase()
  const prefix = [ADDRESS_BOOKS, SHORT].find((each) => lower.startsWith(each))
  if (prefix !== undefined) {
    const book = decoded(text.slice(prefix.length))
    if (book === undefined || book === '') return undefined
    // RFC 6134 §2.6: that of the owner, however it is written.
    return ADDRESS_BOOKS + (book.toLowerCase() === 'default' ? 'default' : book)
  }
  // RFC 4151 §2.1: tag:authority,date:specific. Compared character by character.
  return /^tag:[^:,\s]{1,500},[0-9-]{4,10}:\S*$/.test(text) ? text : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
