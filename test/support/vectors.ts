// Vectors of others for the authentication of mail, and the DNS each of them is about.

import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { DnsEntry, DnsZone } from '#test/support/dns-server.ts'

export type SpfScenario = {
  readonly description: string
  readonly tests: { readonly [name: string]: SpfVector }
  readonly zone: DnsZone
}

export type SpfVector = {
  readonly helo: string
  readonly host: string
  readonly mailfrom: string
  /** One of these. */
  readonly result: string | readonly string[]
  readonly explanation?: string
}

export type ArcScenario = {
  readonly description: string
  readonly tests: { readonly [name: string]: { readonly message: string; readonly cv: string } }
  readonly 'txt-records': { readonly [name: string]: string }
}

const documents = (file: string) =>
  parseAllDocuments(readFileSync(new URL(`../fixtures/vectors/${file}`, import.meta.url), 'utf8'))

/** The suite of openspf.org for RFC 7208. */
export function spfScenarios(): readonly SpfScenario[] {
  return documents('rfc7208-tests.yml').map((document) => {
    const { description, tests, zonedata } = document.toJS()
    return { description, tests, zone: zoneOf(zonedata) }
  })
}

/** The suite of the working group for ARC (RFC 8617); those that expect nothing are left out. */
export function arcScenarios(): readonly ArcScenario[] {
  return documents('arc-draft-validation-tests.yml').map((document) => {
    const scenario: ArcScenario = document.toJS()
    const tests = Object.entries(scenario.tests).filter(([, { cv }]) => Boolean(cv))
    return { ...scenario, tests: Object.fromEntries(tests) }
  })
}

type Written =
  | 'TIMEOUT'
  | { readonly [type: string]: string | readonly string[] | readonly [number, string] }

function zoneOf(zonedata: { readonly [name: string]: readonly Written[] }): DnsZone {
  return Object.fromEntries(
    Object.entries(zonedata).map(([name, records]) => [name, entryOf(records)]),
  )
}

/**
 * What is written of the type SPF, which is no longer asked for, is TXT too unless TXT is there (`NONE`: of nothing). TIMEOUT is
 * whatever is asked beyond what is there.
 */
function entryOf(records: readonly Written[]): DnsEntry {
  const of = (type: string) =>
    records.flatMap((record) =>
      record === 'TIMEOUT' || !(type in record) ? [] : [record[type] ?? []],
    )
  const texts = of('TXT').filter((text) => text !== 'NONE')
  const txt = of('TXT').length === 0 ? of('SPF') : texts
  if (records.includes('TIMEOUT') && txt.length === 0) return { rcode: 'SERVFAIL' }
  if (records.includes('TIMEOUT') && of('TXT').length === 0) return { rcode: 'SERVFAIL' }
  const [cname] = of('CNAME')
  return {
    a: of('A').map(String),
    aaaa: of('AAAA').map(String),
    mx: of('MX').map((mx) => [mx].flat().join(' ')),
    txt: txt.map(stringsOf),
    ptr: of('PTR').map(String),
    ...(cname !== undefined && { cname: String(cname).replace(/\.$/, '') }),
  }
}

/** A string of a record holds 255 bytes, and a record one string at least (RFC 1035 §3.3.14). */
export function stringsOf(text: string | readonly unknown[]): readonly string[] {
  const strings = [text].flat().flatMap((one) => String(one).match(/.{1,255}/gs) ?? [])
  return strings.length === 0 ? [''] : strings
}
