// Keys that signed a domain's mail elsewhere, each under its selector.

import { keyRecordText, newSigningKey, readPrivateKey } from '#shared/directory/signing-key.ts'
import type { PlannedSigningKey } from '#shared/moving/configurations/plan.ts'
import type { Administration } from '../administration.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

export async function* applySigningKeys(
  signing: Administration['signing'],
  keys: readonly PlannedSigningKey[],
  { dryRun = false }: ApplyOptions,
  coming: ReadonlySet<string>,
): AsyncGenerator<Outcome> {
  for (const { domain, selector, pem, from } of keys) {
    const told = { what: 'signing-key', name: `${selector}._domainkey.${domain}`, from } as const
    const found = coming.has(domain) ? undefined : await signing.list(domain)
    const known =
      found?.kind === 'keys' ? found.keys.find((one) => one.selector === selector) : undefined
    const key = readPrivateKey(pem)
    if (found !== undefined && found.kind !== 'keys') {
      yield { ...told, kind: 'refused', refusal: found }
    } else if (known !== undefined && typeof key !== 'string') {
      const record = keyRecordText(newSigningKey(key, { selector, nowMs: 0 }))
      // A selector is one key for good: its record is published.
      yield known.record === record
        ? { ...told, kind: 'unchanged' }
        : {
            ...told,
            kind: 'refused',
            refusal: { kind: 'exists', field: 'selector', value: selector },
          }
    } else if (dryRun && typeof key !== 'string') yield { ...told, kind: 'added' }
    else {
      // A key that is none is refused without being written, in a rehearsal too.
      const done = await signing.import({ domain, selector, pem })
      yield done.kind === 'keys'
        ? { ...told, kind: 'added' }
        : { ...told, kind: 'refused', refusal: done }
    }
  }
}
