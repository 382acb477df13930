// TXT records by a program of the administrator: `PROGRAM add NAME VALUE`, `PROGRAM remove NAME VALUE`. It ends with 0 when every name
// server of the zone has what it was told.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { DnsChallenges } from '../issuer.ts'

const HOOK_MS_MAX = 300_000
const OUTPUT_BYTES_MAX = 64 * 1024

export function createDnsHook(program: string): DnsChallenges {
  async function run(...words: readonly string[]): Promise<void> {
    try {
      await promisify(execFile)(program, [...words], {
        timeout: HOOK_MS_MAX,
        maxBuffer: OUTPUT_BYTES_MAX,
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      })
    } catch (cause) {
      throw new TemporaryFailure(`${program} ${words[0]} failed`, { cause })
    }
  }
  return {
    publish: (name, value) => run('add', name, value),
    remove: (name, value) => run('remove', name, value),
  }
}
