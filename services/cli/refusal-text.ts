// Refusals of administration as the one line that says what was wrong, and what to do with this command.

import { explainRefusal, type FieldNames } from '#shared/administration/explain.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import { CommandFailure, exitOfRefusal } from './failure.ts'

export { explainHash, type FieldNames } from '#shared/administration/explain.ts'

const optionNames = {
  quota: '--quota',
  reason: '--reason',
  name: '--name',
  scopes: '--for',
  expires: '--expires',
  state: '--state',
  olderThan: '--older-than',
  newerThan: '--newer',
  password: 'the password',
} as const satisfies FieldNames

export const refused = (refusal: Refusal, names?: FieldNames) =>
  new CommandFailure(explain(refusal, names), exitOfRefusal(refusal))

export function explain(refusal: Refusal, names: FieldNames = {}): string {
  if (refusal.kind === 'bad-value') {
    const { name } = refusal.rule
    if (name === 'password-or-hash') {
      return 'give a password with --password-stdin, or its hash with --hash-stdin'
    }
    if (name === 'some-change') {
      return 'nothing to change: give --password-stdin, --password, --hash-stdin, --quota, --enable, --disable or --shared'
    }
  }
  if (refusal.kind === 'no-such-domain' && refusal.field === 'address') {
    return explainMissingDomain(refusal.domain)
  }
  return `${explainRefusal(refusal, { ...optionNames, ...names })}${hintOf(refusal)}`
}

export const explainMissingDomain = (domain: string) =>
  `no domain ${domain}; 'postwolke domain add ${domain}' makes it`

function hintOf(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'bad-value':
      return refusal.rule.name === 'queue-id' ? "; 'postwolke queue list' shows them" : ''
    case 'exists':
      return refusal.field === 'alias' ? "; 'alias set' changes it" : ''
    case 'not-empty':
      return '; --force removes them and their mail'
    case 'last-owner':
      return "; 'postwolke owner grant' makes another account one"
    case 'no-such-folder':
      return `; 'postwolke account show ${refusal.account}' lists them`
    case 'not-queued':
      return `; 'postwolke trace ${refusal.value}' tells what became of it`
    case 'differs':
      return '; --update makes it as the file says'
    case 'no-such-selector':
      return `; 'postwolke dkim list ${refusal.domain}' shows them`
    case 'no-such-app-password':
      return "; 'postwolke account app-password list' shows them"
    case 'no-such-script':
      return `; 'postwolke sieve list ${refusal.owner ?? 'site'}' shows them`
    case 'script-is-active':
      return '; activate another one, or deactivate it'
    case 'no-such-source':
      return "; 'postwolke front source list' shows them"
    case 'source-in-use':
      return "; 'postwolke front end' ends that"
    case 'still-running':
      return '; stop its services and functions first (docs/aws.md, "Restore")'
    default:
      return ''
  }
}
