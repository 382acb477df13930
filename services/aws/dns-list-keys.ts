// Keys of DNS lists, from Secrets Manager: the setting has the ARN of a secret for each.

import type { Log } from '#shared/runtime/log.ts'
import { isDnsListKey, isSecretArn } from '#shared/settings/table/dns-lists.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Secret } from './secrets.ts'

/** What cannot be read stays as it is: its lists do not answer then, which keeps no mail out. */
export async function withDnsListKeys(
  settings: Settings,
  secretOf: (arn: string) => Pick<Secret, 'read'>,
  log: Log,
): Promise<Settings> {
  const dnsListKeys = new Map(settings.dnsListKeys)
  for (const [name, arn] of settings.dnsListKeys) {
    if (!isSecretArn(arn)) continue
    try {
      const key = (await secretOf(arn).read())?.text.trim() ?? ''
      if (!isDnsListKey(key)) throw new Error('the secret is no key: small letters and digits')
      dnsListKeys.set(name, key)
    } catch (error) {
      log.error({ name, error }, 'key of DNS lists not read')
    }
  }
  return { ...settings, dnsListKeys }
}
