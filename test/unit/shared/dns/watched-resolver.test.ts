import { expect, it } from 'vitest'
import { createWatchedResolver, DNS_FAILURES_TOLD } from '#shared/dns/watched-resolver.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

it('tells once that name servers do not answer, and once that they do again', async () => {
  const log = new MemoryLog()
  let works = true
  const fake = createFakeResolver({ 'a.test': { a: ['192.0.2.1'] } })
  const resolver = createWatchedResolver(
    {
      ...fake,
      resolve4: async (name) =>
        works ? fake.resolve4(name) : { kind: 'failure', reason: 'no name server to be reached' },
    },
    log,
  )
  const ask = async (times: number) => {
    for (let i = 0; i < times; i++) await resolver.resolve4('a.test')
  }
  const told = () => log.lines.map(({ message }) => message)
  works = false
  await ask(DNS_FAILURES_TOLD - 1)
  works = true
  await ask(1)
  works = false
  await ask(DNS_FAILURES_TOLD - 1)
  expect(told()).toEqual([])
  await ask(DNS_FAILURES_TOLD)
  expect(told()).toEqual(['name servers do not answer'])
  expect(log.find('name servers do not answer')?.reason).toBe('no name server to be reached')
  works = true
  await ask(2)
  expect(told()).toEqual(['name servers do not answer', 'name servers answer again'])
})
