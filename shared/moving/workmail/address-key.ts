import { formatAddress, lookupKey, parseAddress } from '#shared/mail/address.ts'

/** An address as directories compare it. What is none stays as it is, and is refused by name where it is to be used. */
export function addressKey(text: string): string {
  const address = parseAddress(text)
  if (address === undefined) return text
  return formatAddress({ local: lookupKey(address.local), domain: address.domain })
}
