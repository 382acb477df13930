// ARNs of secrets end in six characters that AWS draws by lot. Here they follow from the name, so that whoever knows a name
// knows the ARN, and they look random enough that nobody can do without the `-??????` of a policy or the full ARN.

import { createHash } from 'node:crypto'
import type { Place } from './wire-request.ts'

const SUFFIX_LENGTH = 6

/** Of a secret's name, its ARN, or its ARN without the suffix. */
export function secretArnOf(secretId: string, { region, accountId }: Place): string {
  const name = secretNameOf(secretId)
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${suffixOf(name)}`
}

/** The name in it, whichever of the three it is. */
export function secretNameOf(secretId: string): string {
  const local = secretId.startsWith('arn:') ? secretId.split(':').slice(6).join(':') : secretId
  const name = local.slice(0, -(SUFFIX_LENGTH + 1))
  const isWhole = secretId.startsWith('arn:') && local === `${name}-${suffixOf(name)}`
  return isWhole ? name : local
}

function suffixOf(name: string): string {
  const digest = createHash('sha256').update(name).digest('base64')
  return digest.replace(/[^A-Za-z0-9]/g, '').slice(0, SUFFIX_LENGTH)
}
