/** DNS as mail needs it. Names are A-labels without a trailing dot; nothing rejects, a resolver in trouble is an answer. */
export interface Resolver {
  resolveMx(name: string): Promise<DnsAnswer<MxRecord>>
  resolve4(name: string): Promise<DnsAnswer<string>>
  resolve6(name: string): Promise<DnsAnswer<string>>
  /** The strings of each record joined (RFC 7208 §3.3), as byte string. */
  resolveTxt(name: string): Promise<DnsAnswer<string>>
  resolveNs(name: string): Promise<DnsAnswer<string>>
  /** What an IP address, as text, is called. */
  resolvePtr(address: string): Promise<DnsAnswer<string>>
}

export type MxRecord = {
  /** '' for the root: null MX (RFC 7505). */
  readonly exchange: string
  readonly preference: number
}

export type DnsAnswer<T> =
  /** At least one record. */
  | { readonly kind: 'found'; readonly records: readonly T[] }
  /** The name exists, without such records. */
  | { readonly kind: 'none' }
  | { readonly kind: 'nxdomain' }
  /** Server failure, timeout, refusal: ask again later. */
  | { readonly kind: 'failure'; readonly reason: string }
