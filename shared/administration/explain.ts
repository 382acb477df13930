// Refusals of administration as the one sentence that says what was wrong, in the same words wherever it is said. What whoever reads it can
// do next is added by the front end that he uses.

import type { HashProblem } from '#shared/auth/passwords.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { type Finding, findingText } from '#shared/sieve/finding.ts'
import type { BadValue, Field, Refusal, Rule } from './refusals.ts'

/** What fields are called where they were given. */
export type FieldNames = { readonly [field in Field]?: string }

export function explainRefusal(refusal: Refusal, names: FieldNames = {}): string {
  const { value } = refusal
  switch (refusal.kind) {
    case 'bad-value':
      return explainRule(refusal, names)
    case 'exists':
      return `${noun(refusal.field)} ${value} exists already`
    case 'no-such-domain':
      if (refusal.field === 'domain') return `no domain ${value}`
      return refusal.field === 'alias'
        ? `the domain of ${value} is not one of ours`
        : `no domain ${refusal.domain}`
    case 'not-empty':
      return `domain ${value} still has addresses (accounts: ${refusal.accounts}, aliases: ${refusal.aliases})`
    case 'no-such-account':
      return `no account ${value}`
    case 'changed-meanwhile':
      return `${value} was changed meanwhile`
    case 'last-owner':
      return refusal.field === 'domain'
        ? `${value} has the last owner`
        : `${value} is the last owner`
    case 'more-rights':
      return `${value} has more rights`
    case 'no-such-token':
      return `no token ${value}`
    case 'no-such-link':
      return 'this link was used, is too old, or was replaced by another one'
    case 'no-such-alias':
      return `no alias ${value}`
    case 'leads-nowhere':
      return `no alias ${value}, no account either, and no catch-all`
    case 'no-such-folder':
      return `${refusal.account} has no folder ${value}`
    case 'is-owner':
      return `${refusal.account} has all rights in its own folders`
    case 'too-many-grants':
      return `too many entries in ${refusal.folder}, or too many folders opened to ${value}`
    case 'not-queued':
      return `${value} is not in the queue`
    case 'not-waiting':
      return refusal.recipients.length === 0
        ? `${value} is being delivered this moment; try again`
        : `${value} does not wait for ${refusal.recipients.join(' or ')}, or is being delivered this moment`
    case 'not-quarantined':
      return `${value} is not in quarantine`
    case 'others-wait':
      return `${value} is not yours alone: others wait for it, or get it now`
    case 'no-such-setting':
      return `there is no setting ${value}${refusal.nearest === null ? '' : `; did you mean ${refusal.nearest}?`}`
    case 'setting-locked':
      return `${value} is set by ${refusal.from}, which has the last word`
    case 'not-traced':
      return `nothing is known of ${value}`
    case 'switched-off':
      return `the setting ${refusal.setting} does not let anybody do this`
    case 'differs':
      return `${value} is there and differs`
    case 'no-such-access-table':
      return `no access table ${value}, or nothing in it`
    case 'no-such-access-entry':
      return `no entry ${value} in ${refusal.table}`
    case 'no-such-job':
      return `no job ${value}`
    case 'no-such-selector':
      return `no signing key ${value} of ${refusal.domain}`
    case 'no-such-app-password':
      return `no app password ${value}`
    case 'too-many':
      return `an account has ${refusal.max} ${manyOf[refusal.field]} at most; end one that is not used`
    case 'over-domain-limit': {
      const { domain, limit, max, given } = refusal
      const what = limit === 'quotaBytes' ? `${max} bytes of quotas in all` : `${max} ${limit}`
      const have = given === null ? 'one account of it has no limit' : `${given} are given`
      return `domain ${domain} may have ${what}, and ${have}`
    }
    case 'too-often':
      return `too many letters were sent to ${value}, or by this account; ${refusal.perHour} an hour go out`
    case 'export-under-way':
      return `the mail of ${value} is being exported; wait for its end, or delete that export`
    case 'export-too-often':
      return `the mail of ${value} is exported ${refusal.perDay} times a day at most`
    case 'no-such-recovery-address':
      return `${value} has no recovery address`
    case 'no-such-factor':
      return `the account has no ${value}`
    case 'wrong-answer':
      return `that ${refusal.field} is wrong, was not asked for, or comes too late; begin again`
    case 'no-such-session':
      return `${refusal.account} has no session ${value} in this process`
    case 'same-table':
      return `${value} is the deployment's own table`
    case 'still-running':
      return 'containers are running on it'
    case 'no-such-script':
      return refusal.owner === null
        ? `no script ${value} for all`
        : `${refusal.owner} has no script ${value}`
    case 'wrong-script':
      return `${value} is not stored: ${explainFindings(refusal.findings)}`
    case 'script-is-active':
      return `${value} is the active script`
    case 'no-such-source':
      return `no source ${value}`
    case 'source-in-use':
      return `${refusal.accounts} accounts are still at ${value}`
    case 'no-such-message':
      return `no message ${value} in ${refusal.folder}`
    default:
      return unreachable(refusal)
  }
}

const manyOf = {
  appPassword: 'app passwords',
  token: 'tokens',
  passkey: 'passkeys',
  job: 'jobs that are not over',
  script: 'scripts',
  export: 'exports that are kept',
} as const

/** The first of what is wrong with a script, and how much more there is. */
function explainFindings(findings: readonly Finding[]): string {
  const [first, ...more] = findings.filter(({ severity }) => severity === 'error')
  if (first === undefined) return 'it does not compile'
  return `${findingText(first)}${more.length === 0 ? '' : `, and ${more.length} more`}`
}

const nouns = {
  source: 'source',
  script: 'script',
  domain: 'domain',
  address: 'account',
  alias: 'alias',
  selector: 'selector',
} as const
const noun = (field: keyof typeof nouns) => nouns[field]

function explainRule({ field, value, rule }: BadValue, names: FieldNames): string {
  const name = names[field] ?? field
  switch (rule.name) {
    case 'count':
      return `${name} is a number up to ${rule.max}, or none; not '${value}'`
    case 'address-elsewhere':
      return `mail to ${value} comes here again; give an address elsewhere`
    case 'domain-name':
      return `'${value}' is not a domain name`
    case 'mail-address':
      return `'${value}' is not a mail address${rule.lacksDomain ? '; defaultDomain names the domain of those without one' : ''}`
    case 'own-address':
      return `'${value}' cannot be an address here: the part before the @ has from 1 to ${rule.localPartBytesMax} bytes, the domain no underscore`
    case 'no-program':
      return `'${value}' is not a mail address: an alias here leads to addresses, not to programs, files or included lists`
    case 'target-count':
      return `an alias has 1 to ${rule.max} targets`
    case 'forward-count':
      return `the mail of an account goes to at most ${rule.max} addresses`
    case 'quota':
      return `${name} cannot be '${value}'; allowed: default, unlimited, ${rule.allowed}`
    case 'quota-unit':
      return `${name} ${value} is ${value} bytes; write ${value}MB, or ${value}B if that is meant`
    case 'password':
      return `${name} must be one line of UTF-8; a password has from ${rule.charactersMin} characters to ${rule.bytesMax} bytes and no NUL`
    case 'password-or-hash':
      return 'a password or its hash is missing'
    case 'hash':
      return explainHash(rule.problem)
    case 'one-of':
      return field === 'table'
        ? `'${value}' is no table; allowed: ${rule.allowed.join(', ')}`
        : `${name} cannot be '${value}'; allowed: ${rule.allowed.join(', ')}`
    case 'too-many-to-sort':
      return `more than ${rule.max} entries are not sorted by ${value}; name a domain, or what to look for`
    case 'some-change':
      return 'there is nothing to change'
    case 'one-line':
      return `${name} must be one line of 1 to ${rule.charactersMax} characters`
    case 'future-time':
      return `${name} must be a time to come as in RFC 3339, or ${rule.allowed}: '${value}'`
    case 'rights':
      return `'${value}' are no rights; allowed: letters of ${rule.letters}`
    case 'queue-id':
      return `'${value}' is not a queue id`
    case 'age':
      return `${name} cannot be '${value}'; allowed: ${rule.allowed}`
    case 'setting':
      return rule.problem
    case 'setting-count':
      return `1 to ${rule.max} settings are changed at once`
    case 'reloadable':
      return `${value} cannot change while the system runs; set it in the configuration file`
    case 'in-file':
      return `${value} is a secret, or names a file; set it in the configuration file`
    case 'ip-address':
      return `'${value}' is no IP address`
    case 'cursor':
      return `'${value}' is not where a list goes on`
    case 'passwd-line':
      return 'no address:hash, and the file has no heading such as address,password'
    case 'not-both':
      return 'give a password or its hash'
    case 'column':
      return `no column '${value}'; there are ${rule.columns.join(', ')}`
    case 'column-count':
      return `${rule.count} columns where the heading has ${rule.max}`
    case 'closed-quotation':
      return 'a quotation mark is not closed'
    case 'once':
      return `${value} is in line ${rule.firstLine} already`
    case 'row-count':
      return `more than ${rule.max} entries; divide the file`
    case 'table-name':
      return `'${value}' is no name of a table: letters, digits, dots, hyphens and underscores, at most 64`
    case 'access-key':
      return explainAccessKey(rule.fault, value)
    case 'result-text':
      return `a result is one line of at most ${rule.bytesMax} bytes`
    case 'result':
      return `'${value}': ${rule.problem}`
    case 'key-and-result':
      return 'a key and a result are wanted, with blanks between'
    case 'no-patterns':
      return 'a pattern of regexp_table(5) or pcre_table(5): our tables hold names, addresses and networks; write those'
    case 'no-conditions':
      return 'if, endif and ! are not known here; write the networks that are meant'
    case 'selector':
      return `'${value}' is no selector: labels of letters in lower case, digits and hyphens, with dots between, at most 63 characters`
    case 'role-domains':
      return rule.max === 0
        ? `the role ${rule.role} has no domains of its own`
        : `the role ${rule.role} is given with ${rule.min} to ${rule.max} domains`
    case 'private-key':
      return `not a key that can sign: ${rule.problem}`
    case 'script-name':
      return `the name of a script has 1 to ${rule.charactersMax} characters, none of which controls a terminal`
    case 'script-bytes':
      return `a script has ${rule.max} bytes at most`
    case 'scripts-bytes':
      return `the scripts of an account have ${rule.max} bytes together at most`
    case 'rule-count':
      return `there are ${rule.max} rules at most`
    case 'text':
      return `${name} has 1 to ${rule.charactersMax} characters`
    case 'endpoint':
      return `${name} is a place such as ${rule.example}; not '${value}'`
    case 'date':
      return `'${value}' is no date such as 2026-12-24, or ends before it begins`
    default:
      return unreachable(rule)
  }
}

type AccessKeyFault = Extract<Rule, { readonly name: 'access-key' }>['fault']

function explainAccessKey(fault: AccessKeyFault, value: string): string {
  switch (fault) {
    case 'empty':
      return 'the key is empty'
    case 'too-long':
      return `'${value}' is too long for a key`
    case 'characters':
      return `'${value}' has characters that no key has`
    case 'network':
      return `'${value}' is no network: bits behind the prefix are set, or there are not so many`
    default:
      return unreachable(fault)
  }
}

export function explainHash(problem: HashProblem): string {
  const { scheme } = problem
  switch (problem.kind) {
    case 'malformed':
      return `this is no hash of ${scheme}; it may have been cut`
    case 'unsupported':
      return `${scheme} is not one that can be verified; known: ${problem.known}`
    case 'costly':
      return `${scheme} with ${problem.exceeds} would keep others waiting at each login`
    default:
      return unreachable(problem)
  }
}
