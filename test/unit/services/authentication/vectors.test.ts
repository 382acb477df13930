// The vectors of others through the command, which asks a real name server: RFC 7208, and RFC 8617.

import { describe, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { startDnsServer } from '#test/support/dns-server.ts'
import { arcScenarios, spfScenarios, stringsOf } from '#test/support/vectors.ts'

const spf = spfScenarios()
const arc = arcScenarios()
const countOf = (scenarios: readonly { readonly tests: object }[]) =>
  scenarios.reduce((sum, { tests }) => sum + Object.keys(tests).length, 0)

it('has all the vectors', () => {
  expect([countOf(spf), countOf(arc)]).toEqual([203, 168])
})

describe.each(spf)('RFC 7208: $description', ({ tests, zone }) => {
  it('decides each as the suite does', async () => {
    await using dns = await startDnsServer(zone)
    const wrong: string[] = []
    for (const [name, { helo, host, mailfrom, result, explanation }] of Object.entries(tests)) {
      const client = ['--ip', host, `--helo=${helo}`, `--sender=${mailfrom}`]
      const end = await commandLine(['policy', 'spf', ...client, '--dns', dns.address, '--json'])
      if (end.code !== 0) throw new Error(`${name}: ${end.stderr}`)
      const found = JSON.parse(end.stdout)
      const wanted = [result].flat()
      const isRight = wanted.includes(found.result)
      // The suite's word for no explanation of the domain's own.
      const said = found.explanation ?? 'DEFAULT'
      // Addresses in IPv6 may have their digits in either case (RFC 4291 §2.2).
      const isSaid = explanation === undefined || explanation.toLowerCase() === said.toLowerCase()
      if (!isRight || !isSaid)
        wrong.push(`${name}: ${end.stdout} in place of ${wanted} ${explanation}`)
    }
    expect(wrong).toEqual([])
  })
})

describe.each(arc)('RFC 8617: $description', ({ tests, 'txt-records': records }) => {
  it('validates each as the suite does', async () => {
    const zone = Object.entries(records).map(([name, text]) => [name, { txt: [stringsOf(text)] }])
    await using dns = await startDnsServer(Object.fromEntries(zone))
    const wrong: string[] = []
    for (const [name, { message, cv }] of Object.entries(tests)) {
      const end = await commandLine(['policy', 'arc', '--dns', dns.address, '--json'], {
        input: message,
      })
      if (end.code !== 0) throw new Error(`${name}: ${end.stderr}`)
      const { result } = JSON.parse(end.stdout)
      if (result !== cv.toLowerCase()) wrong.push(`${name}: ${end.stdout} in place of ${cv}`)
    }
    expect(wrong).toEqual([])
  })
})
