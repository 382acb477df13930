// What tells that a message went to the old server of an account: a field above our Received, and among those whom the message was
// delivered to a word that is no address.

/** Its body is the account's address. */
export const AT_SOURCE_FIELD = 'X-At-Source'

export const passedToSource = (address: string): string => `at-source:${address}`
