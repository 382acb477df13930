import { createRecordingResolver, type RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'

/** What a name has; `failure` makes every question about it fail. Names not given do not exist. */
export type FakeZone = {
  readonly [name: string]:
    | 'failure'
    | {
        /** As `10 mx.example.test`; `0 .` is the null MX. */
        readonly mx?: readonly string[]
        readonly a?: readonly string[]
        readonly aaaa?: readonly string[]
        readonly txt?: readonly string[]
        readonly ns?: readonly string[]
        /** Of an address, which stands where names do. */
        readonly ptr?: readonly string[]
      }
}

type RecordType = 'MX' | 'A' | 'AAAA' | 'TXT' | 'NS' | 'PTR'

/** A resolver that answers from a table and keeps the questions, as `MX example.test`. */
export function createFakeResolver(zone: FakeZone): Resolver & { readonly questions: string[] } {
  const questions: string[] = []
  function ask<T>(
    type: RecordType,
    name: string,
    parse: (text: string) => T,
  ): Promise<DnsAnswer<T>> {
    questions.push(`${type} ${name}`)
    return Promise.resolve(answer(type, name, parse))
  }
  function answer<T>(type: RecordType, name: string, parse: (text: string) => T): DnsAnswer<T> {
    const found = Object.hasOwn(zone, name) ? zone[name] : undefined
    if (found === undefined) return { kind: 'nxdomain' }
    if (found === 'failure') return { kind: 'failure', reason: 'ESERVFAIL' }
    const { mx, a, aaaa, txt, ns, ptr } = found
    const texts = { MX: mx, A: a, AAAA: aaaa, TXT: txt, NS: ns, PTR: ptr }[type] ?? []
    return texts.length === 0 ? { kind: 'none' } : { kind: 'found', records: texts.map(parse) }
  }
  return {
    questions,
    resolveMx: (name) =>
      ask('MX', name, (text) => {
        const [preference = '', exchange = ''] = text.split(' ')
        return { preference: Number(preference), exchange: exchange.replace(/\.$/, '') }
      }),
    resolve4: (name) => ask('A', name, (text) => text),
    resolve6: (name) => ask('AAAA', name, (text) => text),
    resolveTxt: (name) => ask('TXT', name, (text) => text),
    resolveNs: (name) => ask('NS', name, (text) => text),
    resolvePtr: (address) => ask('PTR', address, (text) => text),
  }
}

/** What policy takes: the same table for every question. */
export function openFakeDns(zone: FakeZone = {}): () => RecordingResolver {
  return () => createRecordingResolver(createFakeResolver(zone))
}
