// Versions of what can be changed (RFC 9110 §8.8.3): a digest of all that a change can change. Who changes says which version he has seen, so that
// nobody undoes what he does not know of.

import { createHash } from 'node:crypto'
import type { ProblemFacts } from './problem.ts'

const DIGEST_CHARACTERS = 22

export const etagOf = (version: unknown) =>
  `"${createHash('sha256').update(JSON.stringify(version)).digest('base64url').slice(0, DIGEST_CHARACTERS)}"`

/** Undefined: the condition holds. `*` is whoever wants it whatever it is. */
export function conditionProblem(
  wanted: string | null,
  version: unknown,
): ProblemFacts | undefined {
  const etag = etagOf(version)
  if (wanted === null) {
    return {
      status: 428,
      code: 'if-match-required',
      detail: 'say in If-Match which version is to be changed: the ETag of a GET, or *',
      headers: { etag },
      errors: [{ field: 'If-Match', in: 'header', name: 'If-Match', rule: { name: 'required' } }],
    }
  }
  if (isKnownVersion(wanted)?.(version) !== false) return undefined
  return changedProblem(wanted, version)
}

/** Undefined: any is. */
export function isKnownVersion(wanted: string): ((version: unknown) => boolean) | undefined {
  const names = wanted.split(',').map((name) => name.trim())
  return names.includes('*') ? undefined : (version) => names.includes(etagOf(version))
}

export function changedProblem(wanted: string, version: unknown): ProblemFacts {
  const etag = etagOf(version)
  return {
    status: 412,
    code: 'changed-meanwhile',
    detail: 'it was changed since this version was read',
    headers: { etag },
    errors: [
      {
        field: 'If-Match',
        in: 'header',
        name: 'If-Match',
        value: wanted,
        rule: { name: 'current' },
      },
    ],
  }
}
