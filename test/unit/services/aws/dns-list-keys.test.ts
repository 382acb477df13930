import { describe, expect, it } from 'vitest'
import { withDnsListKeys } from '#services/aws/dns-list-keys.ts'
import { settingsOf } from '#test/support/dns-list-words.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:dqs-AbCdEf'
const settings = settingsOf([`dnsListKeys=dqs=${arn}`])

async function keysWith(read: () => Promise<{ versionId: string; text: string } | undefined>) {
  const log = new MemoryLog()
  const { dnsListKeys } = await withDnsListKeys(settings, () => ({ read }), log)
  return { keys: [...dnsListKeys], log }
}

describe('keys of DNS lists on AWS', () => {
  it('are what the secrets hold', async () => {
    const asked: string[] = []
    const secretOf = (one: string) => {
      asked.push(one)
      return { read: async () => ({ versionId: '1', text: 'secretsecret\n' }) }
    }
    const read = await withDnsListKeys(settings, secretOf, new MemoryLog())
    expect(read.dnsListKeys).toEqual(new Map([['dqs', 'secretsecret']]))
    expect(read.hostname).toBe(settings.hostname)
    expect(asked).toEqual([arn])
  })

  it.each([
    ['cannot be read', () => Promise.reject(new Error('AccessDenied'))],
    ['has no value', async () => undefined],
    ['is something else', async () => ({ versionId: '1', text: '{"key":"x"}' })],
  ])('keep no mail out when a secret %s', async (_, read) => {
    const { keys, log } = await keysWith(read)
    expect(keys).toEqual([['dqs', arn]])
    expect(log.find('key of DNS lists not read')).toMatchObject({ level: 'error', name: 'dqs' })
  })
})
