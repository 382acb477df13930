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
  /** At least one record, and how long all of them hold where that is known: of addresses. */
  | { readonly kind: 'found'; readonly records: readonly T[]; readonly ttlSeconds?: number }
  /** The name exists, without such records. */
  | { readonly kind: 'none' }
  | { readonly kind: 'nxdomain' }
  /**
   * Server failure, timeout, refusal: ask again later. `isMalformed`: there are records, and none of them can be used; who asks
   * again will hear the same.
   */
  | { readonly kind: 'failure'; readonly reason: string; readonly isMalformed?: true }

export type RecordType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'NS' | 'PTR'

/** What one asks of a resolver; of PTR the name is an address. */
export type DnsQuestion = { readonly type: RecordType; readonly name: string }

/** A resolver that does something around each question. */
export function decorateResolver(
  inner: Resolver,
  around: <T>(question: DnsQuestion, ask: () => Promise<DnsAnswer<T>>) => Promise<DnsAnswer<T>>,
): Resolver {
  return {
    resolveMx: (name) => around({ type: 'MX', name }, () => inner.resolveMx(name)),
    resolve4: (name) => around({ type: 'A', name }, () => inner.resolve4(name)),
    resolve6: (name) => around({ type: 'AAAA', name }, () => inner.resolve6(name)),
    resolveTxt: (name) => around({ type: 'TXT', name }, () => inner.resolveTxt(name)),
    resolveNs: (name) => around({ type: 'NS', name }, () => inner.resolveNs(name)),
    resolvePtr: (address) =>
      around({ type: 'PTR', name: address }, () => inner.resolvePtr(address)),
  }
}
